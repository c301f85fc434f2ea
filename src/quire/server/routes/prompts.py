"""Prompts as what they are, not as the registered models that MLflow's protocol keeps them as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quire.domain.entities import pairs
from quire.domain.names import check_page_size
from quire.domain.policy_form import read_policy
from quire.domain.prompt_tags import prompt_filter, read_prompt
from quire.server.auth.asking import asked_by, may_read
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.prompt_views import mapping_of, summary_of, template_of, whole
from quire.store.rest.wire.prompts import (
    AliasEventResponse,
    AliasEventsResponse,
    BlameResponse,
    CreatePrompt,
    CreatePromptVersion,
    DiffPrompt,
    LineageResponse,
    ListPromptVersions,
    MovePromptAlias,
    OfPrompt,
    OfPromptVersion,
    PromptDiffResponse,
    PromptLineageRequest,
    PromptResponse,
    PromptsResponse,
    PromptSummary,
    PromptVersionResponse,
    PromptVersionsResponse,
    RollBackPromptAlias,
    SearchPrompts,
)

if TYPE_CHECKING:
    from quire.domain.prompts import PromptVersion
    from quire.tracking.client.over_stores import StoreClient

calls = Calls("quire", "v1", tag="Prompts")
_PROMPTS = "/api/quire/v1/prompts"
_PROMPT = f"{_PROMPTS}/{{name}}"
_MOST = 1000


@calls.read("GET", _PROMPTS)
def search_prompts(context: Context, request: SearchPrompts) -> PromptsResponse:
    """A page of the prompts that match a filter, each with its newest version."""
    page = context.registry.search_registered_models(
        filter_string=prompt_filter(request.filter),
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    client = _client(context)
    found = []
    for stored in page:
        newest = client.search_prompt_versions(stored.name, 1)
        latest = summary_of(newest[0]) if newest else None
        found.append(PromptSummary(prompt=read_prompt(stored), latest=latest))
    return PromptsResponse(prompts=found, next_page_token=page.token)


@calls.write("POST", _PROMPTS)
def create_prompt(context: Context, request: CreatePrompt) -> PromptVersionResponse:
    """Take a name for a prompt and make its first version. ALREADY_EXISTS if the name is taken."""
    made = _client(context).begin_prompt(
        request.name,
        template_of(request),
        request.commit_message,
        pairs(request.tags),
        *_settings(request),
        None if request.policy is None else read_policy(request.policy),
    )
    return PromptVersionResponse(version=whole(made))


@calls.read("GET", _PROMPT, reads="point")
def get_prompt(context: Context, request: OfPrompt) -> PromptResponse:
    """A prompt with its tags and aliases."""
    return PromptResponse(prompt=_client(context).existing_prompt(request.name))


@calls.read("GET", f"{_PROMPT}/alias-events", reads="point")
def list_alias_events(context: Context, request: OfPrompt) -> AliasEventsResponse:
    """What became of a prompt's aliases, newest first: who moved which where, when, and why."""
    return AliasEventsResponse(events=_client(context).prompt_alias_history(request.name)[::-1])


@calls.read("GET", f"{_PROMPT}/versions")
def list_prompt_versions(context: Context, request: ListPromptVersions) -> PromptVersionsResponse:
    """A page of a prompt's versions, newest first, without what they say."""
    page = _client(context).search_prompt_versions(request.name, request.max_results, request.page_token or None)
    return PromptVersionsResponse(versions=[summary_of(item) for item in page], next_page_token=page.token)


@calls.write("POST", f"{_PROMPT}/versions")
def create_prompt_version(context: Context, request: CreatePromptVersion) -> PromptVersionResponse:
    """Make the next version of a prompt that exists."""
    client = _client(context)
    known = None if request.params_of is None else _load(client, request.name, str(request.params_of)).params
    params = known if request.policy is None else read_policy(request.policy, known)
    made = client.create_prompt_version(
        request.name,
        template_of(request),
        request.commit_message,
        pairs(request.tags),
        *_settings(request),
        params=params,
    )
    return PromptVersionResponse(version=whole(made))


@calls.read("GET", f"{_PROMPT}/versions/{{version}}", reads="point")
def get_prompt_version(context: Context, request: OfPromptVersion) -> PromptVersionResponse:
    """All that a version of a prompt says."""
    return PromptVersionResponse(version=whole(_load(_client(context), request.name, request.version)))


@calls.read("GET", f"{_PROMPT}/versions/{{version}}/blame")
def blame_prompt_version(context: Context, request: OfPromptVersion) -> BlameResponse:
    """The messages of a version, each line with the version that brought it."""
    from quire.prompts.blaming import blame_version

    client = _client(context)
    blamed = blame_version(client, _load(client, request.name, request.version))
    return BlameResponse(messages=blamed.messages, versions=[summary_of(item) for item in blamed.versions])


@calls.read("GET", f"{_PROMPT}/versions/{{version}}/lineage")
def get_prompt_lineage(context: Context, request: PromptLineageRequest) -> LineageResponse:
    """What came of a version: logged models, registered versions, runs, evaluations, endpoints."""
    from quire.registry.lineage import prompt_lineage

    found = _load(_client(context), request.name, request.version)
    check_page_size(request.max_results, _MOST)
    lineage = prompt_lineage(
        context.store,
        context.registry,
        found.name,
        str(found.version),
        most=request.max_results,
        may_read=may_read,
    )
    return LineageResponse(lineage=lineage)


@calls.read("GET", f"{_PROMPT}/diff")
def diff_prompt_versions(context: Context, request: DiffPrompt) -> PromptDiffResponse:
    """What differs between two versions of a prompt: messages by words, variables, configuration, schema, tags."""
    from quire.domain.promptdiff import diff_prompts, summary

    client = _client(context)
    old, new = (_load(client, request.name, version) for version in (request.old, request.new))
    diff = diff_prompts(old, new)
    return PromptDiffResponse(diff=diff, summary=summary(diff))


@calls.write("POST", f"{_PROMPT}/move-alias")
def move_prompt_alias(context: Context, request: MovePromptAlias) -> AliasEventResponse:
    """Move an alias of a prompt from the version where it is expected, and record who did and why.

    400 INVALID_STATE if it is elsewhere by now.
    """
    event = _client(context).move_prompt_alias(
        request.name, request.alias, request.version, expected=request.expected, reason=request.reason
    )
    return AliasEventResponse(event=event)


@calls.write("POST", f"{_PROMPT}/roll-back-alias")
def roll_back_prompt_alias(context: Context, request: RollBackPromptAlias) -> AliasEventResponse:
    """Move an alias of a prompt back to the version that it had before, and record who did and why."""
    event = _client(context).rollback_prompt_alias(request.name, request.alias, reason=request.reason)
    return AliasEventResponse(event=event)


def _client(context: Context) -> StoreClient:
    from quire.tracking.client.over_stores import StoreClient

    return StoreClient(context.store, context.registry, asked_by())


def _load(client: StoreClient, name: str, version: str) -> PromptVersion:
    from quire.domain.prompt_uris import version_uri

    found = client.load_prompt(version_uri(name, version), cache_ttl_seconds=0)
    assert found is not None  # without allow_missing there is a version or an error
    return found


def _settings(request: CreatePrompt | CreatePromptVersion) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    response_format = mapping_of(request.response_format_json, "The response format")
    return response_format, mapping_of(request.model_config_json, "The model configuration")
