"""The body of a Responses API request, as typed data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from quire.simulator.chat_request import (
    Effort,
    JsonObjectFormat,
    Name,
    Retention,
    ServiceTier,
    Share,
    Temperature,
    TextFormat,
    Verbosity,
)


class JsonSchemaFormat(msgspec.Struct, tag_field="type", tag="json_schema", omit_defaults=True):
    """JSON that fits a schema."""

    name: Name
    schema: dict[str, Any]
    strict: bool | None = None
    description: str | None = None


class TextOptions(msgspec.Struct, omit_defaults=True):
    """The form of the text."""

    format: TextFormat | JsonObjectFormat | JsonSchemaFormat | None = None
    verbosity: Verbosity | None = None


class Reasoning(msgspec.Struct):
    """How a reasoning model thinks."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: str | None = None


class StreamOptions(msgspec.Struct):
    """What a stream carries besides the answer."""

    include_obfuscation: bool | None = None


class PromptReference(msgspec.Struct, omit_defaults=True):
    """A prompt that the service stores."""

    id: str
    version: str | None = None
    variables: dict[str, Any] | None = None


class ResponsesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """``POST /responses``. Items, tools and the choice of a tool are read apart: they come in too many kinds."""

    input: str | list[dict[str, Any]] | None = None
    model: str | None = None
    background: bool | None = None
    context_management: list[dict[str, Any]] | None = None
    conversation: str | dict[str, Any] | None = None
    include: list[str] | None = None
    instructions: str | None = None
    max_output_tokens: Annotated[int, Meta(ge=16)] | None = None
    max_tool_calls: int | None = None
    metadata: Annotated[dict[str, Annotated[str, Meta(max_length=512)]], Meta(max_length=16)] | None = None
    moderation: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    previous_response_id: str | None = None
    prompt: PromptReference | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: Retention | None = None
    reasoning: Reasoning | None = None
    safety_identifier: Annotated[str, Meta(max_length=64)] | None = None
    service_tier: ServiceTier | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    text: TextOptions | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Share | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None


DECODER: msgspec.json.Decoder[ResponsesRequest] = msgspec.json.Decoder(ResponsesRequest)
