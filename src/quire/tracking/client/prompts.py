"""Prompts and their versions, by name and URI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quire.domain import prompt_tags
from quire.domain.entities import Tag
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, QuireError
from quire.domain.names import check_tags, check_text
from quire.domain.paging import Page
from quire.domain.prompt_text import PromptTemplate, checked_template
from quire.domain.prompt_uris import (
    LATEST,
    PromptUri,
    check_prompt_name,
    check_prompt_version,
    parse_prompt_uri,
    prompt_uri,
)
from quire.domain.prompts import Prompt, PromptVersion
from quire.domain.schema import ParamSchema, ParamSpec
from quire.tracking import values
from quire.tracking.client import prompt_cache
from quire.tracking.client.base import ClientBase

if TYPE_CHECKING:
    from quire.domain.prompt_config import PromptModelConfig

_LISTED = 20


class PromptCalls(ClientBase):
    """What a client does with prompts."""

    def register_prompt(
        self,
        name: str,
        template: PromptTemplate,
        commit_message: str | None = None,
        tags: Mapping[str, Any] | None = None,
        response_format: Any = None,
        model_config: PromptModelConfig | Mapping[str, Any] | None = None,
        *,
        params: ParamSchema | Sequence[ParamSpec] | None = None,
    ) -> PromptVersion:
        """Add the next version of a prompt, and the prompt if there is none of that name.

        ``template`` is text or a list of chat messages, with ``{{name}}`` variables and ``{{> partial@alias }}`` parts,
        which are put in their places and pinned now. ``tags`` are set on the version and on the prompt.
        ``response_format`` is a JSON schema or a pydantic class, ``model_config`` a model and its parameters,
        ``params`` the parameters that a caller of a model made of this prompt may set.

        Raises InvalidInput for a malformed name, template, configuration or schema, and for the name of a registered
        model; TemplateError or NotFound for a part that cannot be included. Nothing is stored then.
        """
        draft = self._draft(name, template, commit_message, tags, response_format, model_config, params)
        self._ensure_prompt(draft)
        return self._add_version(draft)

    def create_prompt(self, name: str, description: str | None = None, tags: Mapping[str, Any] | None = None) -> Prompt:
        """Take a name for a prompt that has no versions yet. AlreadyExists if it is taken."""
        check_prompt_name(name)
        prompt_tags.refuse_reserved(tags or {})
        marked = [Tag(prompt_tags.IS_PROMPT, "true"), *values.tags(tags)]
        try:
            made = self.registry_store.create_registered_model(name, description=description or "", tags=marked)
        except AlreadyExists:
            raise AlreadyExists(f"The name {name!r} is taken, by a prompt or by a model. Choose another.") from None
        return prompt_tags.read_prompt(made)

    def create_prompt_version(
        self,
        name: str,
        template: PromptTemplate,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        response_format: Any = None,
        model_config: PromptModelConfig | Mapping[str, Any] | None = None,
        *,
        params: ParamSchema | Sequence[ParamSpec] | None = None,
    ) -> PromptVersion:
        """Add a version to a prompt that exists; its ``description`` is the commit message. See register_prompt."""
        draft = self._draft(name, template, description, tags, response_format, model_config, params)
        self._prompt(name)
        return self._add_version(draft)

    def load_prompt(
        self,
        name_or_uri: str,
        version: str | int | None = None,
        allow_missing: bool = False,
        cache_ttl_seconds: float | None = None,
    ) -> PromptVersion | None:
        """A version of a prompt: ``prompts:/name/3``, ``prompts:/name@alias``, or a name, whose newest version it is.

        Raises NotFound, with the versions and aliases that exist; None instead with ``allow_missing``. A prompt is
        asked for anew each time, unless ``cache_ttl_seconds`` (or the environment) lets it be used again for so long.
        """
        uri = prompt_uri(name_or_uri, version)
        seconds = prompt_cache.seconds_to_live(uri, cache_ttl_seconds)
        found = prompt_cache.cached(self._registry_uri, uri) if seconds else None
        if found is None:
            try:
                found = self._load(uri)
            except NotFound:
                if allow_missing:
                    return None
                raise
            if seconds:
                prompt_cache.keep(self._registry_uri, uri, found, seconds)
        return found

    def get_prompt(self, name: str) -> Prompt | None:
        """A prompt without its versions; None if there is none of that name."""
        try:
            return self._prompt(name)
        except NotFound:
            return None

    def get_prompt_version(self, name: str, version: str | int) -> PromptVersion | None:
        """A version of a prompt by its number or by an alias; None if there is none."""
        if isinstance(version, str) and not version.isdecimal():
            return self.load_prompt(str(PromptUri(check_prompt_name(name), alias=version)), allow_missing=True)
        return self.load_prompt(name, version, allow_missing=True)

    def get_prompt_version_by_alias(self, name: str, alias: str) -> PromptVersion:
        """The version that an alias points at; NotFound lists the aliases that exist."""
        return self._load(PromptUri(check_prompt_name(name), alias=str(alias)))

    def parse_prompt_uri(self, uri: str) -> tuple[str, str]:
        """The name and the version's number that a URI names; an alias is looked up."""
        parsed = parse_prompt_uri(uri)
        version = parsed.version if parsed.version is not None else self._load(parsed).version
        return parsed.name, str(version)

    def search_prompts(
        self,
        filter_string: str | None = None,
        max_results: int = 1000,
        page_token: str | None = None,
        order_by: Sequence[str] | None = None,
    ) -> Page[Prompt]:
        """One page of the prompts that match, by name unless ordered otherwise.

        The filter takes ``name``, ``tags.KEY`` and ``experiment_id = '1'``.
        """
        found = self.registry_store.search_registered_models(
            filter_string=prompt_tags.prompt_filter(filter_string),
            order_by=order_by or (),
            max_results=max_results,
            page_token=page_token,
        )
        return Page([prompt_tags.read_prompt(item) for item in found], found.token)

    def search_prompt_versions(
        self, name: str, max_results: int | None = None, page_token: str | None = None
    ) -> Page[PromptVersion]:
        """One page of the versions of a prompt, newest first; 100 unless ``max_results`` says otherwise."""
        self._prompt(name)
        return self._versions(name, 100 if max_results is None else max_results, page_token)

    def delete_prompt(self, name: str) -> None:
        """Delete a prompt with all its versions. InvalidInput for the name of a model."""
        self._prompt(name)
        self.registry_store.delete_registered_model(name)
        prompt_cache.forget(self._registry_uri, name)

    def delete_prompt_version(self, name: str, version: str | int) -> None:
        """Delete a version and the aliases that point at it; its number is not used again."""
        number = self._existing(name, version)
        self.registry_store.delete_model_version(name, number)
        prompt_cache.forget(self._registry_uri, name)

    def set_prompt_tag(self, name: str, key: str, value: Any) -> None:
        """Set or replace a tag of a prompt."""
        prompt_tags.refuse_reserved([key])
        self._prompt(name)
        self.registry_store.set_registered_model_tag(name, values.tag(key, value))

    def delete_prompt_tag(self, name: str, key: str) -> None:
        """Remove a tag of a prompt; no error if it is not set."""
        prompt_tags.refuse_reserved([key])
        self._prompt(name)
        self.registry_store.delete_registered_model_tag(name, values.checked_key("tag", key))

    def set_prompt_version_tag(self, name: str, version: str | int, key: str, value: Any) -> None:
        """Set or replace a tag of a version; what the version says cannot be changed so."""
        prompt_tags.refuse_reserved([key])
        self._set_version_tag(name, version, values.tag(key, value))

    def delete_prompt_version_tag(self, name: str, version: str | int, key: str) -> None:
        """Remove a tag of a version; no error if it is not set."""
        prompt_tags.refuse_reserved([key])
        self._delete_version_tag(name, version, values.checked_key("tag", key))

    def set_prompt_model_config(
        self, name: str, version: str | int, model_config: PromptModelConfig | Mapping[str, Any]
    ) -> None:
        """Replace the model configuration of a version, which is all of a version that may change, as in MLflow."""
        checked = _checked_config(model_config)
        if not checked:
            raise InvalidInput("The model configuration is empty. delete_prompt_model_config removes it.")
        draft = PromptVersion(name, 0, "", model_config=checked)
        self._set_version_tag(name, version, _tag_of(draft, prompt_tags.MODEL_CONFIG))

    def delete_prompt_model_config(self, name: str, version: str | int) -> None:
        """Remove the model configuration of a version."""
        self._delete_version_tag(name, version, prompt_tags.MODEL_CONFIG)

    def add_prompt_to_experiment(self, name: str, experiment_id: str) -> None:
        """Have a prompt listed among those of an experiment."""
        stored = self.registry_store.get_registered_model(name)
        text = prompt_tags.with_experiment(stored.tags, str(experiment_id))
        if text is not None:
            self.registry_store.set_registered_model_tag(name, Tag(prompt_tags.EXPERIMENT_IDS, text))

    def _draft(
        self,
        name: str,
        template: object,
        message: str | None,
        tags: Mapping[str, Any] | None,
        response_format: object,
        model_config: object,
        params: ParamSchema | Sequence[ParamSpec] | None,
    ) -> PromptVersion:
        """A version that is whole and checked, but for its number."""
        from quire.domain.prompt_parts import compose

        check_prompt_name(name)
        written = checked_template(template)
        composed = compose(name, written, self._load)
        own = {tag.key: tag.value for tag in values.tags(tags)}
        prompt_tags.refuse_reserved(own)
        draft = PromptVersion(
            name=name,
            version=0,
            template=checked_template(composed.template) if composed.parts else written,
            commit_message=check_text(message or "", "The commit message") or None,
            tags=own,
            user_id=self._user(),
            response_format=prompt_tags.checked_response_format(response_format),
            model_config=_checked_config(model_config),
            params=_checked_params(params),
            written=written if composed.parts else None,
            parts=composed.parts,
        )
        tags_of_draft = _tags_of(draft)
        check_tags(tags_of_draft, "prompt")
        prompt_tags.refuse_secrets(tags_of_draft)
        if draft.params is not None and draft.model_config:
            from quire.domain.prompt_package import refuse_fixed_policy

            refuse_fixed_policy(draft)
        return draft

    def _ensure_prompt(self, draft: PromptVersion) -> None:
        try:
            self.create_prompt(draft.name, draft.commit_message, draft.tags)
        except AlreadyExists:
            self._prompt(draft.name)
            for key, value in draft.tags.items():
                self.registry_store.set_registered_model_tag(draft.name, Tag(key, value))

    def _add_version(self, draft: PromptVersion) -> PromptVersion:
        made = self.registry_store.create_model_version(
            draft.name, prompt_tags.SOURCE, description=draft.commit_message or "", tags=_tags_of(draft)
        )
        prompt_cache.forget(self._registry_uri, draft.name)
        return prompt_tags.read_version(made)

    def _prompt(self, name: str) -> Prompt:
        check_prompt_name(name)
        try:
            return prompt_tags.read_prompt(self.registry_store.get_registered_model(name))
        except NotFound:
            raise NotFound(
                f"There is no prompt {name!r}. Register it with register_prompt, or list the names with search_prompts."
            ) from None

    def _load(self, uri: PromptUri) -> PromptVersion:
        try:
            if uri.version is not None:
                found = self.registry_store.get_model_version(uri.name, str(uri.version))
            else:
                found = self.registry_store.get_model_version_by_alias(uri.name, str(uri.alias))
        except (NotFound, InvalidInput) as error:  # an alias that is not set is InvalidInput in MLflow's protocol
            raise self._missing(uri) from error
        return prompt_tags.read_version(found)

    def _missing(self, uri: PromptUri) -> QuireError:
        prompt = self._prompt(uri.name)
        wanted = f"version {uri.version}" if uri.version is not None else f"alias {uri.alias!r}"
        numbers = [str(item.version) for item in self._versions(uri.name, _LISTED)]
        if not numbers:
            return NotFound(f"The prompt {uri.name!r} has no versions yet. Register one with register_prompt.")
        aliases = ", ".join(f"@{alias} = {number}" for alias, number in sorted(prompt.aliases.items())) or "none"
        more = ", …" if len(numbers) == _LISTED else ""
        return NotFound(
            f"The prompt {uri.name!r} has no {wanted}. Its versions: {', '.join(numbers)}{more}. Its aliases: "
            f"{aliases}; @{LATEST} is the newest version."
        )

    def _versions(self, name: str, most: int, token: str | None = None) -> Page[PromptVersion]:
        found = self.registry_store.search_model_versions(
            filter_string=f"name = '{name}' AND tags.`{prompt_tags.IS_PROMPT}` = 'true'",
            order_by=["version_number DESC"],
            max_results=most,
            page_token=token,
        )
        return Page([prompt_tags.read_version(item) for item in found], found.token)

    def _existing(self, name: str, version: str | int) -> str:
        """The number of a version that is there, as it travels."""
        return str(self._load(PromptUri(check_prompt_name(name), version=check_prompt_version(version))).version)

    def _set_version_tag(self, name: str, version: str | int, tag: Tag) -> None:
        number = self._existing(name, version)
        self.registry_store.set_model_version_tag(name, number, tag)
        prompt_cache.forget(self._registry_uri, name)

    def _delete_version_tag(self, name: str, version: str | int, key: str) -> None:
        number = self._existing(name, version)
        self.registry_store.delete_model_version_tag(name, number, key)
        prompt_cache.forget(self._registry_uri, name)


def _checked_config(config: object) -> dict[str, Any] | None:
    if config is None:
        return None
    from quire.domain.prompt_config import checked_config

    return checked_config(config)


def _checked_params(params: object) -> ParamSchema | None:
    if params is None or isinstance(params, ParamSchema):
        return params
    if not isinstance(params, Sequence) or not all(isinstance(item, ParamSpec) for item in params):
        raise InvalidInput(
            f"`params` is {str(params)[:80]!r}; expected a ParamSchema or a list of ParamSpec, such as "
            "ParamSpec('temperature', 'double', 0.5, maximum=1)."
        )
    return ParamSchema(params)


def _tags_of(draft: PromptVersion) -> list[Tag]:
    return [Tag(key, value) for key, value in prompt_tags.version_tags(draft).items()]


def _tag_of(draft: PromptVersion, key: str) -> Tag:
    return Tag(key, prompt_tags.version_tags(draft)[key])
