"""A client of stores that are open already: what a server does for who asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.alias_events import AliasEvent, AliasEventKind
from quire.domain.names import check_alias, check_text
from quire.domain.prompt_text import PromptTemplate
from quire.domain.prompts import Prompt, PromptVersion
from quire.domain.redaction import redact
from quire.domain.schema import ParamSchema
from quire.registry.moving import move_prompt_with_record
from quire.store.base import Store
from quire.tracking.client import Client, prompt_cache


class StoreClient(Client):
    """A client that works on these stores, in the name of ``user``, who may be nobody ("").

    An alias of a prompt is moved together with its record, both or neither, and only from where it is expected.
    """

    def __init__(self, store: Store, registry: Store, user: str) -> None:
        self._tracking_uri = self._store_uri = store.uri
        self._registry_uri = registry.uri
        self._store, self._registry, self._by = store, registry, user

    @property
    def store(self) -> Store:
        """The store of experiments, runs and logged models."""
        return self._store

    @property
    def registry_store(self) -> Store:
        """The store of registered models and their versions."""
        return self._registry

    def _user(self) -> str:
        return self._by

    def existing_prompt(self, name: str) -> Prompt:
        """A prompt without its versions. Raises NotFound, InvalidInput for the name of a model."""
        return self._prompt(name)

    def begin_prompt(
        self,
        name: str,
        template: PromptTemplate,
        commit_message: str,
        tags: Mapping[str, Any],
        response_format: Any,
        model_config: Mapping[str, Any] | None,
        params: ParamSchema | None,
    ) -> PromptVersion:
        """Make a prompt with its first version; see register_prompt. AlreadyExists if the name is taken."""
        draft = self._draft(name, template, commit_message, tags, response_format, model_config, params)
        self.create_prompt(name, draft.commit_message, draft.tags)
        return self._add_version(draft)

    def move_prompt_alias(
        self, name: str, alias: str, version: int | None, *, expected: int | None, reason: str
    ) -> AliasEvent:
        """Move an alias to a version, or remove it (None), if it is at the version ``expected`` (None: nowhere).

        Raises InvalidState if it is elsewhere by now, NotFound for a version that there is not.
        """
        check_alias(alias)
        self._prompt(name)
        if version is not None:
            self._existing(name, version)
        kind: AliasEventKind = "delete" if version is None else "set"
        return self._move(name, AliasEvent(alias=alias, kind=kind, old=expected, new=version, reason=reason))

    def _move(self, name: str, event: AliasEvent) -> AliasEvent:
        said = redact(check_text(event.reason, "The reason"))
        whole = AliasEvent(
            alias=event.alias, kind=event.kind, old=event.old, new=event.new, by=self._user(), reason=said
        )
        moved = move_prompt_with_record(self.registry_store, name, whole)
        prompt_cache.forget(self._registry_uri, name)
        self._forget_oldest(name, event.alias)
        return moved
