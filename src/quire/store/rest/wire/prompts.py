"""Messages about prompts, which MLflow's protocol knows as registered models with tags: ``/api/quire/v1/prompts…``."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.alias_events import AliasEvent
from quire.domain.lineage import Lineage
from quire.domain.package_view import ParamView
from quire.domain.policy_form import PolicyParam
from quire.domain.promptblame import BlamedMessage
from quire.domain.promptdiff import PromptDiff
from quire.domain.prompts import Prompt, PromptPart
from quire.domain.protojson import Int64, Message, Required
from quire.store.rest.wire.common import GivenTag


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a prompt without its template; the time in ms. ``author`` is empty where nobody is known."""

    version: int
    kind: str
    author: str
    creation_timestamp: int
    commit_message: str
    aliases: list[str]
    tags: dict[str, str]
    model_name: str | None = None


class PromptSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt and its newest version, if it has any."""

    prompt: Prompt
    latest: VersionSummary | None = None


class WholeVersion(msgspec.Struct, frozen=True, kw_only=True):
    """All that a version says.

    One of ``text`` and ``messages`` is the template, with all parts in their places. ``written`` is the template as its
    author wrote it, the messages as JSON: with what the form of this answer cannot hold, such as nulls; so are
    ``model_config_json`` and ``response_format_json``. ``policy`` is what ``params`` show, as a new version takes it;
    absent where there is none.
    """

    summary: VersionSummary
    uri: str
    text: str | None = None
    messages: list[dict[str, Any]] | None = None
    written: str
    variables: list[str]
    params: list[ParamView]
    parts: list[PromptPart]
    model_config_json: str
    response_format_json: str
    policy: list[PolicyParam] | None = None


class SearchPrompts(Message, frozen=True, kw_only=True):
    """``GET prompts``; the filter is that of registered models."""

    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class PromptsResponse(Message, frozen=True, kw_only=True):
    """A page of prompts."""

    prompts: list[PromptSummary] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class OfPrompt(Message, frozen=True, kw_only=True):
    """``GET prompts/{name}`` and ``prompts/{name}/alias-events``."""

    name: Required


class PromptResponse(Message, frozen=True, kw_only=True):
    """A prompt."""

    prompt: Prompt


class AliasEventsResponse(Message, frozen=True, kw_only=True):
    """What became of a prompt's aliases, newest first."""

    events: list[AliasEvent] = msgspec.field(default_factory=list)


class ListPromptVersions(OfPrompt, frozen=True, kw_only=True):
    """``GET prompts/{name}/versions``."""

    max_results: Int64 = 100
    page_token: str | None = None


class PromptVersionsResponse(Message, frozen=True, kw_only=True):
    """A page of versions, newest first."""

    versions: list[VersionSummary] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class OfPromptVersion(OfPrompt, frozen=True, kw_only=True):
    """``GET prompts/{name}/versions/{version}``, and ``…/blame``; the version is a number."""

    version: Required


class PromptVersionResponse(Message, frozen=True, kw_only=True):
    """A version of a prompt."""

    version: WholeVersion


class NewPromptVersion(Message, frozen=True, kw_only=True):
    """What a new version says.

    ``template`` is text, or, with ``chat``, a list of messages as JSON. The model configuration and the response
    format are JSON too; empty for none. ``policy`` is the parameter policy, an empty one of a prompt whose callers may
    set nothing; absent for none.
    """

    template: str
    chat: bool = False
    commit_message: str = ""
    tags: list[GivenTag] = msgspec.field(default_factory=list)
    model_config_json: str = ""
    response_format_json: str = ""
    policy: list[PolicyParam] | None = None


class CreatePrompt(NewPromptVersion, frozen=True, kw_only=True):
    """``POST prompts``: a prompt with its first version."""

    name: Required


class CreatePromptVersion(NewPromptVersion, frozen=True, kw_only=True):
    """``POST prompts/{name}/versions``. Without ``policy`` its policy is that of the version ``params_of``; with one,
    parameters that are objects are taken from there.
    """

    name: Required
    params_of: Int64 | None = None


class DiffPrompt(OfPrompt, frozen=True, kw_only=True):
    """``GET prompts/{name}/diff``: two versions of it, by number."""

    old: Required
    new: Required


class PromptDiffResponse(Message, frozen=True, kw_only=True):
    """What differs, and in a line how much."""

    diff: PromptDiff
    summary: str


class BlameResponse(Message, frozen=True, kw_only=True):
    """The messages of a version, each line with the version that brought it."""

    messages: list[BlamedMessage] = msgspec.field(default_factory=list)
    versions: list[VersionSummary] = msgspec.field(default_factory=list)


class MovePromptAlias(OfPrompt, frozen=True, kw_only=True):
    """``POST prompts/{name}/move-alias``; without a version there is none, or shall be none."""

    alias: Required
    version: Int64 | None = None
    expected: Int64 | None = None
    reason: str = ""


class RollBackPromptAlias(OfPrompt, frozen=True, kw_only=True):
    """``POST prompts/{name}/roll-back-alias``."""

    alias: Required
    reason: str = ""


class AliasEventResponse(Message, frozen=True, kw_only=True):
    """What was done."""

    event: AliasEvent


class PromptLineageRequest(OfPromptVersion, frozen=True, kw_only=True):
    """``GET prompts/{name}/versions/{version}/lineage``; at most ``max_results`` of each kind."""

    max_results: Int64 = 50


class LineageResponse(Message, frozen=True, kw_only=True):
    """What came of a version."""

    lineage: Lineage
