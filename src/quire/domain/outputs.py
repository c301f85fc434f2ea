"""Reading a model's outputs from the service's answers: text, or vectors for embeddings.

Response shapes are those of OpenAI's API description.
"""

from __future__ import annotations

import array
import base64
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from quire.domain.calls import Answer, Task
from quire.domain.errors import QuireError
from quire.domain.schema import ColSpec, DataType, Schema, TensorSpec

Output = str | list[float]

OUTPUT_SCHEMAS: dict[Task, Schema] = {
    "chat.completions": Schema([ColSpec(DataType.string)]),
    "completions": Schema([ColSpec(DataType.string)]),
    "embeddings": Schema([TensorSpec("float64", (-1,))]),
    "responses": Schema([ColSpec(DataType.string)]),
}


class UnreadableAnswer(QuireError):
    """The service answered with success, but not in the shape of its API."""


def read_outputs(answer: Answer) -> list[Output]:
    """One output for each row of the call, in order. Raises UnreadableAnswer.

    A chat or responses answer that calls tools instead of speaking gives the tool calls as JSON text; a refusal
    gives the refusal's text.
    """
    try:
        outputs = _READERS[answer.call.task](answer)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        shown = repr(answer.response)[:200]
        raise UnreadableAnswer(
            f"The answer to a {answer.call.task} request lacks what its API promises ({error!r}): {shown}. "
            "Is the base URL that of an OpenAI-compatible service?"
        ) from error
    if len(outputs) != len(answer.call.rows):
        raise UnreadableAnswer(
            f"{len(answer.call.rows)} inputs were sent in one {answer.call.task} request and {len(outputs)} came back."
        )
    return outputs


def _chat(answer: Answer) -> list[Output]:
    return [_message_text(answer.response["choices"][0]["message"])]


def _message_text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if content is not None:
        return str(content)
    if message.get("tool_calls"):
        return msgspec.json.encode(message["tool_calls"]).decode()
    return message.get("refusal") or ""


def _completions(answer: Answer) -> list[Output]:
    choices = sorted(answer.response["choices"], key=lambda choice: choice["index"])
    each = int(answer.call.body.get("n") or 1)
    return [choice["text"] for choice in choices[::each]]


def _embeddings(answer: Answer) -> list[Output]:
    data = sorted(answer.response["data"], key=lambda item: item["index"])
    return [decode_embedding(item["embedding"]) for item in data]


def decode_embedding(value: str | list[float]) -> list[float]:
    """An embedding as floats; base64 text holds little-endian 32-bit floats."""
    if not isinstance(value, str):
        return value
    floats = array.array("f")
    floats.frombytes(base64.b64decode(value))
    if sys.byteorder == "big":
        floats.byteswap()
    return floats.tolist()


def _responses(answer: Answer) -> list[Output]:
    items = answer.response["output"]
    text = "".join(_response_texts(items))
    if text:
        return [text]
    calls = [item for item in items if str(item.get("type", "")).endswith("_call")]
    return [msgspec.json.encode(calls).decode() if calls else ""]


def _response_texts(items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        if item.get("type") != "message":
            continue
        for part in item["content"]:
            yield part.get("text") or part.get("refusal") or ""


_READERS: dict[Task, Callable[[Answer], list[Output]]] = {
    "chat.completions": _chat,
    "completions": _completions,
    "embeddings": _embeddings,
    "responses": _responses,
}
