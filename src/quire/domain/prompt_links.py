"""Which prompt versions a run, a logged model or a trace used: a tag holds a JSON list of names and versions."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from quire.domain.entities import Run
from quire.domain.registry import LoggedModel
from quire.domain.schema import dump_json
from quire.domain.traces import LINKED_PROMPTS_TAG, PromptVersionRef, TraceInfo


class PromptUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What used a version of a prompt, newest first.

    ``runs`` loaded it, evaluated it or a model made of it, or logged such a model; ``evaluations`` are those runs that
    evaluate, and the evaluations that they are part of; ``models`` are logged models made of it; ``traces`` are
    requests that loaded it, or that went to such a model. At most so many of each as were asked for: ``complete`` says
    whether there are no more.
    """

    uri: str
    runs: list[Run]
    evaluations: list[Run]
    models: list[LoggedModel]
    traces: list[TraceInfo]
    complete: bool


def linked_prompts(tags: Mapping[str, str]) -> list[PromptVersionRef]:
    """The prompt versions that these tags name; none where the tag is not what it should be."""
    text = tags.get(LINKED_PROMPTS_TAG)
    if not text:
        return []
    try:
        items = msgspec.json.decode(text, type=list[dict[str, str | int]])
    except msgspec.MsgspecError:
        return []
    return [PromptVersionRef(str(item["name"]), str(item["version"])) for item in items if item.keys() >= _KEYS]


def with_link(tags: Mapping[str, str], name: str, version: str | int) -> str | None:
    """The text of the tag that names this version too; None if the tags name it already."""
    linked = linked_prompts(tags)
    link = PromptVersionRef(name, str(version))
    return None if link in linked else _written([*linked, link])


def without_link(tags: Mapping[str, str], name: str, version: str | int) -> str | None:
    """The text of the tag without this version; None if the tags do not name it."""
    linked = linked_prompts(tags)
    link = PromptVersionRef(name, str(version))
    return _written([item for item in linked if item != link]) if link in linked else None


def link_filter(name: str) -> str:
    """A filter of runs or logged models that finds all that used any version of a prompt, and few others."""
    return f"tags.`{LINKED_PROMPTS_TAG}` LIKE '%\"{name}\"%'"


_KEYS = {"name", "version"}


def _written(linked: list[PromptVersionRef]) -> str:
    return dump_json([{"name": item.name, "version": item.version} for item in linked])
