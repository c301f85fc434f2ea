"""Aliases of prompts: moving them, what became of them, and taking a move back."""

from __future__ import annotations

from quire.domain.alias_events import MOST_KEPT, AliasEvent, alias_events, event_tag, version_before
from quire.domain.entities import Tag
from quire.domain.errors import InvalidState, NotFound, QuireError
from quire.domain.ids import now_ms
from quire.domain.names import check_alias, check_text
from quire.domain.prompt_uris import PromptUri
from quire.domain.redaction import redact
from quire.tracking.client import prompt_cache
from quire.tracking.client.prompts import PromptCalls


class PromptAliasCalls(PromptCalls):
    """What a client does with the aliases of prompts. Every move is recorded, so that it can be taken back."""

    def set_prompt_alias(self, name: str, alias: str, version: str | int, *, reason: str = "") -> None:
        """Point an alias at a version, moving it if it exists. NotFound if there is no such version."""
        check_alias(alias)
        number = int(self._existing(name, version))
        old = self._prompt(name).aliases.get(alias)
        self._move(name, AliasEvent(alias=alias, kind="set", old=old, new=number, reason=reason))

    def delete_prompt_alias(self, name: str, alias: str, *, reason: str = "") -> None:
        """Remove an alias. NotFound if the prompt has none of that name."""
        old = self._prompt(name).aliases.get(alias)
        if old is None:
            raise self._missing(PromptUri(name, alias=str(alias)))
        self._move(name, AliasEvent(alias=alias, kind="delete", old=old, reason=reason))

    def prompt_alias_history(self, name: str, alias: str | None = None) -> list[AliasEvent]:
        """What became of the aliases of a prompt, or of one of them, oldest first; the last hundred moves of each.

        Moves by MLflow's client are not recorded; the next recorded move tells which version it found.
        """
        self._prompt(name)
        return list(alias_events(self.registry_store.get_registered_model(name).tags, alias).values())

    def rollback_prompt_alias(self, name: str, alias: str, *, reason: str = "") -> AliasEvent:
        """Move an alias back to the version that it had before, and say what was done.

        Once more goes one move further back; ``set_prompt_alias`` takes a rollback back. An alias that was deleted
        comes back. Raises InvalidState if no earlier version is known, or if it was deleted.
        """
        prompt = self._prompt(name)
        current = prompt.aliases.get(alias)
        history = self.prompt_alias_history(name, alias)
        if current is None and not history:
            raise self._missing(PromptUri(name, alias=str(alias)))
        target = version_before(history, current)
        if target is None:
            raise InvalidState(
                f"It is not recorded which version prompts:/{name}@{alias} had before {current}. Choose one: "
                f"set_prompt_alias({name!r}, {alias!r}, VERSION)."
            )
        try:
            self._existing(name, target)
        except NotFound:
            raise InvalidState(
                f"prompts:/{name}@{alias} was at version {target} before, which has been deleted. Choose another: "
                f"set_prompt_alias({name!r}, {alias!r}, VERSION)."
            ) from None
        return self._move(name, AliasEvent(alias=alias, kind="rollback", old=current, new=target, reason=reason))

    def _move(self, name: str, event: AliasEvent) -> AliasEvent:
        """Record first, then move: a process that dies in between leaves a record of what was not done, never less.

        Records of one alias have times that differ, so that their order is known.
        """
        check_text(event.reason, "The reason")
        before = alias_events(self.registry_store.get_registered_model(name).tags, event.alias)
        last = max((one.at for one in before.values()), default=0)
        whole = AliasEvent(
            alias=event.alias,
            kind=event.kind,
            old=event.old,
            new=event.new,
            at=max(now_ms(), last + 1),
            by=self._user(),
            reason=redact(event.reason),
        )
        key, value = event_tag(whole)
        self.registry_store.set_registered_model_tag(name, Tag(key, value))
        try:
            if whole.new is None:
                self.registry_store.delete_alias(name, whole.alias)
            else:
                self.registry_store.set_alias(name, whole.alias, str(whole.new))
        except QuireError:
            self.registry_store.delete_registered_model_tag(name, key)
            raise
        prompt_cache.forget(self._registry_uri, name)
        self._forget_oldest(name, whole.alias)
        return whole

    def _forget_oldest(self, name: str, alias: str) -> None:
        kept = alias_events(self.registry_store.get_registered_model(name).tags, alias)
        for key in list(kept)[:-MOST_KEPT]:
            self.registry_store.delete_registered_model_tag(name, key)
