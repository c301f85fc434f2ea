"""The body of a chat completion request, as typed data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Share = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Positive = Annotated[int, Meta(ge=1)]
Stop = str | Annotated[list[str], Meta(max_length=4)]
ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Verbosity = Literal["low", "medium", "high"]
Retention = Literal["in_memory", "in-memory", "24h"]


class Part(msgspec.Struct, tag_field="type"):
    """A part of a message's content."""


class TextPart(Part, tag="text"):
    """Text."""

    text: str


class RefusalPart(Part, tag="refusal"):
    """What an assistant said when it refused."""

    refusal: str


class ImageUrl(msgspec.Struct, omit_defaults=True):
    """Where an image is, or the image itself as a data URL."""

    url: str
    detail: Literal["auto", "low", "high", "original"] = "auto"


class ImagePart(Part, tag="image_url"):
    """An image."""

    image_url: ImageUrl


class Audio(msgspec.Struct):
    """A recorded voice, base64."""

    data: str
    format: Literal["wav", "mp3"]


class AudioPart(Part, tag="input_audio"):
    """Audio."""

    input_audio: Audio


class FilePart(Part, tag="file"):
    """A file, by id or base64."""

    file: dict[str, Any]


Text = str | Annotated[list[TextPart], Meta(min_length=1)]
UserContent = str | Annotated[list[TextPart | ImagePart | AudioPart | FilePart], Meta(min_length=1)]
AssistantContent = str | Annotated[list[TextPart | RefusalPart], Meta(min_length=1)]


class FunctionCall(msgspec.Struct):
    """Which function was called, with JSON text as arguments."""

    name: str
    arguments: str


class CustomCall(msgspec.Struct):
    """Which custom tool was called, with free text as input."""

    name: str
    input: str


class FunctionToolCall(msgspec.Struct, tag_field="type", tag="function"):
    """A call of a function tool."""

    id: str
    function: FunctionCall


class CustomToolCall(msgspec.Struct, tag_field="type", tag="custom"):
    """A call of a custom tool."""

    id: str
    custom: CustomCall


class Message(msgspec.Struct, tag_field="role", omit_defaults=True):
    """A message of the conversation."""


class System(Message, tag="system"):
    """Instructions."""

    content: Text
    name: str | None = None


class Developer(Message, tag="developer"):
    """Instructions, as newer models call them."""

    content: Text
    name: str | None = None


class User(Message, tag="user"):
    """What the user says."""

    content: UserContent
    name: str | None = None


class Assistant(Message, tag="assistant"):
    """What the model said."""

    content: AssistantContent | None = None
    name: str | None = None
    refusal: str | None = None
    audio: dict[str, Any] | None = None
    tool_calls: list[FunctionToolCall | CustomToolCall] | None = None
    function_call: FunctionCall | None = None


class ToolAnswer(Message, tag="tool"):
    """What a tool gave back."""

    content: Text
    tool_call_id: str


class FunctionAnswer(Message, tag="function"):
    """What a function gave back (deprecated form)."""

    name: str
    content: str | None


AnyMessage = System | Developer | User | Assistant | ToolAnswer | FunctionAnswer


class Function(msgspec.Struct, omit_defaults=True):
    """A function that the model may call; ``parameters`` is a JSON schema."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(msgspec.Struct, tag_field="type", tag="function"):
    """A function as a tool."""

    function: Function


class Custom(msgspec.Struct, omit_defaults=True):
    """A tool that takes free text."""

    name: Name
    description: str | None = None
    format: dict[str, Any] | None = None


class CustomTool(msgspec.Struct, tag_field="type", tag="custom"):
    """A tool that takes free text."""

    custom: Custom


class Named(msgspec.Struct):
    """A name."""

    name: str


class NamedFunction(msgspec.Struct, tag_field="type", tag="function"):
    """The function that must be called."""

    function: Named


class NamedCustom(msgspec.Struct, tag_field="type", tag="custom"):
    """The custom tool that must be called."""

    custom: Named


class Allowed(msgspec.Struct):
    """The tools to choose among."""

    mode: Literal["auto", "required"]
    tools: list[NamedFunction | NamedCustom]


class AllowedTools(msgspec.Struct, tag_field="type", tag="allowed_tools"):
    """The tools to choose among."""

    allowed_tools: Allowed


class JsonSchema(msgspec.Struct, omit_defaults=True):
    """A named JSON schema."""

    name: Name
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None


class TextFormat(msgspec.Struct, tag_field="type", tag="text"):
    """Plain text."""


class JsonObjectFormat(msgspec.Struct, tag_field="type", tag="json_object"):
    """Some JSON object."""


class JsonSchemaFormat(msgspec.Struct, tag_field="type", tag="json_schema"):
    """JSON that fits a schema."""

    json_schema: JsonSchema


class StreamOptions(msgspec.Struct):
    """What a stream carries besides the answer."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ChatRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """``POST /chat/completions``. ``model`` may be absent on Azure, where the path names the deployment."""

    messages: Annotated[list[AnyMessage], Meta(min_length=1)]
    model: str | None = None
    audio: dict[str, Any] | None = None
    data_sources: list[dict[str, Any]] | None = None
    frequency_penalty: Penalty | None = None
    function_call: Literal["none", "auto"] | Named | None = None
    functions: Annotated[list[Function], Meta(min_length=1, max_length=128)] | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    logprobs: bool | None = None
    max_completion_tokens: Positive | None = None
    max_tokens: Positive | None = None
    metadata: Annotated[dict[str, Annotated[str, Meta(max_length=512)]], Meta(max_length=16)] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    moderation: dict[str, Any] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    parallel_tool_calls: bool | None = None
    prediction: dict[str, Any] | None = None
    presence_penalty: Penalty | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: Retention | None = None
    reasoning_effort: Effort | None = None
    response_format: TextFormat | JsonObjectFormat | JsonSchemaFormat | None = None
    safety_identifier: Annotated[str, Meta(max_length=64)] | None = None
    seed: int | None = None
    service_tier: ServiceTier | None = None
    stop: Stop | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedFunction | NamedCustom | AllowedTools | None = None
    tools: list[FunctionTool | CustomTool] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Share | None = None
    user: str | None = None
    verbosity: Verbosity | None = None
    web_search_options: dict[str, Any] | None = None


DECODER: msgspec.json.Decoder[ChatRequest] = msgspec.json.Decoder(ChatRequest)
