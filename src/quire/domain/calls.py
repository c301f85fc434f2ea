"""One request to an OpenAI-compatible service, and what came of it.

A packaged model plans its input rows into calls, the caller carries them out, and the model reads the
outputs from the answers; the three meet only in these types.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Task = Literal["chat.completions", "completions", "embeddings", "responses"]

TASK_PATHS: dict[Task, str] = {
    "chat.completions": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "responses": "/responses",
}


class Origin(msgspec.Struct):
    """On whose behalf a call is made, for its trace: a run and a logged model, where they are not those of the batch.

    ``prompt`` is the name and version of the registered prompt that it was made of. Whoever makes a trace of the call
    writes its id into ``trace_id``.
    """

    run_id: str | None = None
    model_id: str | None = None
    prompt: tuple[str, str] | None = None
    trace_id: str | None = None


class Call(msgspec.Struct, frozen=True):
    """One request: which task, the JSON body, and the positions of the input rows that it answers.

    A chat or responses call answers one row; a completions or embeddings call answers many, in order. ``origin`` is no
    part of what is asked.
    """

    task: Task
    body: dict[str, Any]
    rows: tuple[int, ...]
    origin: Origin | None = None


def model_name(call: Call) -> str:
    """The model that a call asks; "" where its body names none."""
    return str(call.body.get("model", ""))


class Usage(msgspec.Struct, frozen=True):
    """Tokens that the service counted for one request."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0


def read_usage(response: dict[str, Any]) -> Usage:
    """The token counts of a response body, under either of OpenAI's names; zeros where it has none."""
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return Usage()
    cached = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    reasoning = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    return Usage(
        _count(usage, "prompt_tokens") or _count(usage, "input_tokens"),
        _count(usage, "completion_tokens") or _count(usage, "output_tokens"),
        _count(cached, "cached_tokens"),
        _count(reasoning, "reasoning_tokens"),
    )


def _count(counts: object, name: str) -> int:
    """A whole number of tokens; 0 for what a service leaves out or writes otherwise."""
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) else 0


class Answer(msgspec.Struct, frozen=True):
    """A call that was answered with success.

    ``response`` is the decoded JSON body; ``latency`` is the seconds that the last, successful attempt took.
    ``replayed`` marks an answer that came from a journal and was not requested (or paid) again.
    """

    call: Call
    response: dict[str, Any]
    usage: Usage
    latency: float
    attempts: int = 1
    replayed: bool = False


FailureKind = Literal[
    "bad_request",
    "not_found",
    "rate_limit",
    "server_error",
    "connection",
    "timeout",
    "invalid_response",
    "authentication",
    "permission",
    "model_not_found",
    "quota",
    "unreachable",
    "spend_limit",
    "not_sent",
]
"""Why a call failed: words that stay."""

BATCH_FATAL: frozenset[FailureKind] = frozenset(
    {"authentication", "permission", "model_not_found", "quota", "unreachable", "spend_limit"}
)


class Failure(msgspec.Struct, frozen=True):
    """A call that failed for good: refused, or out of retries.

    ``kind`` is a stable word for the reason; ``status`` is the HTTP status where there was one.
    """

    call: Call
    kind: FailureKind
    message: str
    status: int | None = None
    attempts: int = 1

    @property
    def stops_batch(self) -> bool:
        """Whether every further call would fail for the same reason, so that sending them is pointless."""
        return self.kind in BATCH_FATAL


Outcome = Answer | Failure
