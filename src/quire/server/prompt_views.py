"""Versions of prompts as messages of the server."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.package_view import param_views
from quire.domain.policy_form import policy_form
from quire.domain.prompt_text import PromptTemplate
from quire.domain.prompts import PromptVersion
from quire.store.rest.wire.prompts import NewPromptVersion, VersionSummary, WholeVersion


def summary_of(version: PromptVersion) -> VersionSummary:
    """A version without what it says."""
    return VersionSummary(
        version=version.version,
        kind="text" if version.is_text_prompt else "chat",
        author=version.user_id or "",
        creation_timestamp=version.creation_timestamp,
        commit_message=version.commit_message or "",
        aliases=sorted(version.aliases),
        tags=version.tags,
        model_name=_text((version.model_config or {}).get("model_name")),
    )


def whole(version: PromptVersion) -> WholeVersion:
    """All that a version says."""
    template = version.template
    return WholeVersion(
        summary=summary_of(version),
        uri=version.uri,
        text=template if isinstance(template, str) else None,
        messages=None if isinstance(template, str) else template,
        written=version.source if isinstance(version.source, str) else _json(version.source),
        variables=sorted(version.variables),
        params=param_views(version.params),
        parts=version.parts,
        model_config_json=_json(version.model_config),
        response_format_json=_json(version.response_format),
        policy=policy_form(version.params),
    )


def template_of(given: NewPromptVersion) -> PromptTemplate:
    """The template of a new version. Raises InvalidInput for what is no list of messages."""
    if not given.chat:
        return given.template
    return _decoded(given.template, "The template", list[dict[str, Any]], "a JSON list of messages") or []


def mapping_of(text: str, what: str) -> dict[str, Any] | None:
    """A mapping given as JSON; None for an empty text. Raises InvalidInput."""
    return _decoded(text, what, dict[str, Any], "a JSON object") or None


def _decoded(text: str, what: str, kind: Any, expected: str) -> Any:
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidInput(f"{what} is not {expected}: {error}.") from None


def _json(value: Any) -> str:
    return "" if value is None else msgspec.json.format(msgspec.json.encode(value)).decode()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
