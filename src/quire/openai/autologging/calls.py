"""Which requests of the SDK are traced, and what their spans are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from quire.tracing.markers import ANSWER, ESTIMATE

Kind = Literal["chat", "text_completion", "embeddings", "responses", "image", "audio", "moderation"]


class TracedCall(msgspec.Struct, frozen=True):
    """A kind of request: ``name`` is what MLflow calls its span, ``operation`` OpenTelemetry's word for it."""

    kind: Kind
    name: str
    span_type: str
    operation: str

    @property
    def has_messages(self) -> bool:
        """Whether MLflow marks its inputs and outputs as OpenAI's messages."""
        return self.kind in ("chat", "responses", "text_completion")

    @property
    def answered(self) -> Mapping[str, Any]:
        """What its span says when the answer is here: that more is to be found in that."""
        return _ANSWERED.get(self.kind, _ANSWERED_UNCOUNTED)


# Tokens of these can be counted here if the service does not say how many there were.
_ANSWERED = {kind: {ANSWER: True, ESTIMATE: kind} for kind in ("chat", "responses", "text_completion", "embeddings")}
_ANSWERED_UNCOUNTED = {ANSWER: True}
_CHAT = TracedCall("chat", "Completions", "CHAT_MODEL", "chat")
_IMAGES = TracedCall("image", "Images", "TOOL", "generate_content")
_CALLS = {
    "chat/completions": _CHAT,
    "completions": TracedCall("text_completion", "Completions", "LLM", "text_completion"),
    "embeddings": TracedCall("embeddings", "Embeddings", "EMBEDDING", "embeddings"),
    "responses": TracedCall("responses", "Responses", "CHAT_MODEL", "chat"),
    "images/generations": _IMAGES,
    "images/edits": _IMAGES,
    "images/variations": _IMAGES,
    "audio/speech": TracedCall("audio", "Speech", "LLM", "generate_content"),
    "audio/transcriptions": TracedCall("audio", "Transcriptions", "LLM", "generate_content"),
    "audio/translations": TracedCall("audio", "Translations", "LLM", "generate_content"),
    "moderations": TracedCall("moderation", "Moderations", "LLM", "moderation"),
}
_TASKS = {
    "chat.completions": _CHAT,
    "completions": _CALLS["completions"],
    "embeddings": _CALLS["embeddings"],
    "responses": _CALLS["responses"],
}


def traced_call(options: Any) -> TracedCall | None:
    """The kind of a request, by the SDK's options for it; None for one that makes no span."""
    if options.method not in ("post", "POST"):
        return None
    url: str = options.url
    found = _CALLS.get(url[1:] if url.startswith("/") else url)
    if found is not None:
        return found
    parts = urlsplit(url).path.strip("/").split("/")
    return _CALLS.get("/".join(parts[-2:])) or _CALLS.get(parts[-1])


def call_of_task(task: str) -> TracedCall:
    """The kind of a request that Quire's own caller makes."""
    return _TASKS[task]
