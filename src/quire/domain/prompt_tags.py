"""How prompts are kept in the registry: a registered model and its versions, whose tags hold what makes them prompts.

The tags are MLflow's, so that either client reads what the other wrote. Quire adds ``quire.prompt.*`` for what MLflow
has no place for; MLflow's client shows those among the version's tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from quire.domain.alias_events import PREFIX as ALIAS_EVENTS
from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput
from quire.domain.prompt_text import PromptTemplate
from quire.domain.prompts import Prompt, PromptPart, PromptVersion
from quire.domain.redaction import REDACTED, redact
from quire.domain.registry import ModelVersion, RegisteredModel
from quire.domain.schema import ParamSchema

IS_PROMPT = "mlflow.prompt.is_prompt"
TEXT = "mlflow.prompt.text"
TYPE = "_mlflow_prompt_type"
RESPONSE_FORMAT = "_mlflow_prompt_response_format"
MODEL_CONFIG = "_mlflow_prompt_model_config"
EXPERIMENT_IDS = "_mlflow_experiment_ids"
AUTHOR = "mlflow.user"
PARAMS = "quire.prompt.params"
PARAM_LIMITS = "quire.prompt.param_limits"
WRITTEN = "quire.prompt.written"
PARTS = "quire.prompt.parts"
SOURCE = "dummy-source"
"""What stands for the files of a version, which a prompt has none of; MLflow's server accepts no other."""
IMMUTABLE = frozenset({IS_PROMPT, TEXT, TYPE, RESPONSE_FORMAT, PARAMS, PARAM_LIMITS, WRITTEN, PARTS})
"""Tags of a version that say what it is, written once."""
RESERVED = IMMUTABLE | {MODEL_CONFIG, EXPERIMENT_IDS, AUTHOR}
"""Tags that are read as something else than tags."""
_EXPERIMENT = re.compile(r"experiment_id\s*=\s*['\"]([^'\"]*)['\"]")


def version_tags(version: PromptVersion) -> dict[str, str]:
    """The tags that keep a version; its own tags are among them."""
    chat = not isinstance(version.template, str)
    found = {**version.tags, IS_PROMPT: "true", TYPE: "chat" if chat else "text", TEXT: _text(version.template)}
    if version.response_format:
        found[RESPONSE_FORMAT] = _json(version.response_format)
    if version.model_config:
        found[MODEL_CONFIG] = _json(version.model_config)
    if version.params is not None:
        found[PARAMS] = version.params.to_json()
        limits = {spec.name: spec.limits() for spec in version.params if spec.limits()}
        if limits:
            found[PARAM_LIMITS] = _json(limits)
    if version.written is not None:
        found[WRITTEN] = _text(version.written)
        found[PARTS] = _json(version.parts)
    if version.user_id:
        found[AUTHOR] = version.user_id
    return found


def read_version(stored: ModelVersion) -> PromptVersion:
    """The version of a prompt that a stored version is. Raises InvalidInput for a version of a model."""
    tags = stored.tags
    if IS_PROMPT not in tags:
        raise not_a_prompt(stored.name)
    if TEXT not in tags:
        raise InvalidInput(f"The prompt {stored.name!r} version {stored.version} has no text.")
    written = tags.get(WRITTEN)
    chat = tags.get(TYPE) == "chat"
    return PromptVersion(
        name=stored.name,
        version=int(stored.version),
        template=_template(tags[TEXT], chat=chat),
        commit_message=stored.description or None,
        creation_timestamp=stored.creation_timestamp,
        tags=own_tags(tags),
        aliases=list(stored.aliases),
        last_updated_timestamp=stored.last_updated_timestamp,
        user_id=stored.user_id or tags.get(AUTHOR),
        response_format=_decoded(tags.get(RESPONSE_FORMAT)),
        model_config=_decoded(tags.get(MODEL_CONFIG)),
        params=_params(tags),
        written=None if written is None else _template(written, chat=chat),
        parts=msgspec.json.decode(tags[PARTS], type=list[PromptPart]) if PARTS in tags else [],
    )


def read_prompt(stored: RegisteredModel) -> Prompt:
    """The prompt that a registered model is. Raises InvalidInput for a model."""
    tags = stored.tags
    if tags.get(IS_PROMPT) != "true":
        raise not_a_prompt(stored.name)
    return Prompt(
        name=stored.name,
        description=stored.description or None,
        creation_timestamp=stored.creation_timestamp,
        tags=own_tags(tags),
        aliases={alias: int(version) for alias, version in stored.aliases.items()},
        last_updated_timestamp=stored.last_updated_timestamp,
        experiment_ids=experiment_ids(tags),
    )


def not_a_prompt(name: str) -> InvalidInput:
    """The error for the name of a model where a prompt's is expected."""
    return InvalidInput(
        f"{name!r} is the name of a registered model, not of a prompt. A model and a prompt cannot share a name; "
        "choose another."
    )


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that are tags only."""
    return {key: value for key, value in tags.items() if key not in RESERVED and not key.startswith(ALIAS_EVENTS)}


def refuse_reserved(keys: Iterable[str]) -> None:
    """Refuse tags that would change what a prompt is."""
    for key in keys:
        if key == MODEL_CONFIG:
            raise InvalidInput(f"The tag {key!r} holds the model configuration. Use set_prompt_model_config.")
        if key in RESERVED:
            raise InvalidInput(
                f"The tag {key!r} is part of what a prompt is, and a version never changes. Register a new version."
            )


def refuse_secrets(tags: Iterable[Tag]) -> None:
    """Refuse a version that would not be stored as it is, because text in it looks like a credential."""
    for tag in tags:
        clean = redact(tag.value)
        if tag.key in RESERVED and clean != tag.value:
            near = clean[max(0, clean.find(REDACTED) - 40) :][:80]
            raise InvalidInput(
                f"The prompt holds text that looks like a credential, near {near!r}. Prompts are shared, so "
                "credentials are never stored in them; take it out, or make it a variable."
            )


def experiment_ids(tags: Mapping[str, str]) -> list[str]:
    """The experiments that a prompt belongs to."""
    return [item.strip() for item in tags.get(EXPERIMENT_IDS, "").split(",") if item.strip()]


def with_experiment(tags: Mapping[str, str], experiment_id: str) -> str | None:
    """The tag that adds an experiment to those of a prompt, commas around each; None if it is there already."""
    ids = experiment_ids(tags)
    return None if experiment_id in ids else f",{','.join([*ids, experiment_id])},"


def prompt_filter(filter_string: str | None) -> str:
    """A filter of registered models that finds prompts; ``experiment_id = '1'`` finds those of an experiment."""
    text = filter_string or ""
    match = _EXPERIMENT.search(text)
    if match:
        if not match.group(1).isdecimal():
            raise InvalidInput(f"Invalid experiment_id {match.group(1)[:60]!r} in the filter: expected a number.")
        within = f"tags.`{EXPERIMENT_IDS}` LIKE '%,{match.group(1)},%'"
        text = f"{text[: match.start()]}{within}{text[match.end() :]}"
    marked = f"tags.`{IS_PROMPT}` = 'true'"
    return f"{marked} AND {text}" if text.strip() else marked


def checked_response_format(given: object) -> dict[str, Any] | None:
    """A response format as a mapping: a JSON schema, or a pydantic class, which becomes its schema."""
    if given is None:
        return None
    schema = given.model_json_schema() if isinstance(given, type) and hasattr(given, "model_json_schema") else given
    if not isinstance(schema, Mapping):
        raise InvalidInput(
            f"`response_format` is {str(given)[:80]!r}; expected a JSON schema as a mapping, or a pydantic class."
        )
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(schema)))
    except (TypeError, msgspec.MsgspecError) as error:
        raise InvalidInput(f"`response_format` cannot be written as JSON: {error}.") from None
    return plain or None


def _params(tags: Mapping[str, str]) -> ParamSchema | None:
    if PARAMS not in tags:
        return None
    return ParamSchema.from_json(tags[PARAMS], _decoded(tags.get(PARAM_LIMITS)))


def _text(template: PromptTemplate) -> str:
    return template if isinstance(template, str) else _json(template)


def _template(text: str, *, chat: bool) -> PromptTemplate:
    if not chat:
        return text
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"The stored messages of a prompt cannot be read: {error}. Register it anew.") from None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(text: str | None) -> dict[str, Any] | None:
    """The mapping in a tag; None where there is none, or where another client has stored something else."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
