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


class Call(msgspec.Struct, frozen=True):
    """One request: which task, the JSON body, and the positions of the input rows that it answers.

    A chat or responses call answers one row; a completions or embeddings call answers many, in order.
    """

    task: Task
    body: dict[str, Any]
    rows: tuple[int, ...]


class Usage(msgspec.Struct, frozen=True):
    """Tokens that the service counted for one request."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0


class Answer(msgspec.Struct, frozen=True):
    """A call that was answered with success.

    ``response`` is the decoded JSON body; ``latency`` is the seconds that the last, successful attempt took;
    ``cost_usd`` is None when the price of the model is not known. ``replayed`` marks an answer that came
    from a journal and was not requested (or paid) again.
    """

    call: Call
    response: dict[str, Any]
    usage: Usage
    latency: float
    attempts: int = 1
    cost_usd: float | None = None
    replayed: bool = False


class Failure(msgspec.Struct, frozen=True):
    """A call that failed for good: refused, or out of retries.

    ``kind`` is a stable word for the reason; ``status`` is the HTTP status where there was one.
    """

    call: Call
    kind: Literal[
        "bad_request",
        "authentication",
        "permission",
        "not_found",
        "rate_limit",
        "server_error",
        "connection",
        "timeout",
        "invalid_response",
        "spend_limit",
        "cancelled",
    ]
    message: str
    status: int | None = None
    attempts: int = 1


Outcome = Answer | Failure
