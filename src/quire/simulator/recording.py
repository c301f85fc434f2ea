"""Answers from a recording: question → what a model really answered, found by the last user message.

A recording is a JSONL file; each line is an object with ``question`` and, for each model name, an answer. An
answer is a text, an object ``{"solution": text}`` (or ``{"text": text}``), or ``{"tool_calls": [{"name",
"arguments"}, …]}``; under the key ``answer`` it holds for every model that has no key of its own. Whatever else an
object holds is left alone, and lines with one question add to one another. The same can be given as a list of such
objects or as a mapping ``{question: answer}``.

A line may also be a recorded request with its whole answer, as ``quire.openai.record`` writes it
(:mod:`quire.domain.recordings`): a request that equals it gets that answer, byte for byte.

A question matches when the message is the question, else when the message contains it (the longest, where it
contains several): a prompt around the question does not matter. Both are found without trying every question.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.recordings import Exchanges, parse_lines, read_exchange, read_file, require_record

ANY_MODEL = "answer"
_ANCHOR = 32


class ToolCall(msgspec.Struct, frozen=True):
    """A recorded call of a tool; ``arguments`` is JSON text."""

    name: str
    arguments: str


class Recorded(msgspec.Struct, frozen=True):
    """A recorded answer: a text, or calls of tools."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


_Record = tuple[str, Mapping[str, Any]]
"""Where a record stands, in the words of an error, and the record."""


class RecordingIndex:
    """Finds the recorded answer to a message. Reading is linear in the recording, finding in the message."""

    def __init__(self, records: Iterable[_Record]) -> None:
        self._answers: dict[str, dict[str, Recorded]] = {}
        exchanges = []
        for where, record in records:
            question = record.get("question")
            if question is None and "request" in record:
                exchanges.append(read_exchange(record, where))
                continue
            if not isinstance(question, str) or not question.strip():
                raise InvalidInput(f"{where} has no text under 'question'. Add it.")
            self._answers.setdefault(question.strip(), {}).update(_read_answers(record, where))
        self.exchanges = Exchanges(exchanges)
        self._anchors: dict[int, dict[str, list[str]]] = {}
        for question in self._answers:
            length = min(len(question), _ANCHOR)
            self._anchors.setdefault(length, {}).setdefault(question[:length], []).append(question)
        self._find = functools.lru_cache(maxsize=4096)(self._search)

    def __len__(self) -> int:
        return len(self._answers) + len(self.exchanges)

    @property
    def has_questions(self) -> bool:
        """Whether it has answers to questions too, besides whole requests."""
        return bool(self._answers)

    def find(self, message: str, model: str) -> Recorded | None:
        """What ``model`` answered to the question that ``message`` is or contains; None if nothing is recorded."""
        answers = self._find(message.strip())
        return answers.get(model, answers.get(ANY_MODEL))

    def _search(self, message: str) -> Mapping[str, Recorded]:
        exact = self._answers.get(message)
        if exact is not None:
            return exact
        best = max(self._contained(message), key=len, default=None)
        return {} if best is None else self._answers[best]

    def _contained(self, message: str) -> Iterator[str]:
        for length, anchors in self._anchors.items():
            for start in range(len(message) - length + 1):
                for question in anchors.get(message[start : start + length], ()):
                    if message.startswith(question, start):
                        yield question


def read_recording(source: object) -> RecordingIndex:
    """Read a recording from a file, a mapping or a list. Raises NotFound, or InvalidInput naming the faulty line."""
    if isinstance(source, str | Path):
        path = Path(source)
        return RecordingIndex(parse_lines(read_file(path), str(path)))
    if isinstance(source, Mapping):
        pairs = [{"question": question, ANY_MODEL: answer} for question, answer in source.items()]
        return RecordingIndex((f"The answer to {pair['question']!r:.80}", pair) for pair in pairs)
    if isinstance(source, Sequence):
        numbered = ((f"Record {number}", record) for number, record in enumerate(source, 1))
        return RecordingIndex((where, require_record(record, where)) for where, record in numbered)
    raise InvalidInput(f"A recording is a file, a mapping or a list of records, not {type(source).__name__}.")


def _read_answers(record: Mapping[str, Any], where: str) -> Iterator[tuple[str, Recorded]]:
    for model, value in record.items():
        answer = None if model == "question" else _read_answer(value, where)
        if answer is not None:
            yield model, answer
        elif model == ANY_MODEL:
            raise InvalidInput(
                f"{where} has {value!r:.80} as its answer. Give a text, an object with the text under 'solution', or "
                "one with 'tool_calls': a list of objects with 'name' and 'arguments'."
            )


def _read_answer(value: object, where: str) -> Recorded | None:
    """The answer that a value of a record gives; None for one that is something else."""
    if isinstance(value, str):
        return Recorded(value)
    if not isinstance(value, Mapping):
        return None
    if "tool_calls" in value:
        return Recorded(tool_calls=_read_calls(value["tool_calls"], where))
    text = value.get("solution", value.get("text"))
    return Recorded(text) if isinstance(text, str) else None


def _read_calls(calls: object, where: str) -> tuple[ToolCall, ...]:
    try:
        read = msgspec.convert(calls, list[_Call])
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{where} has wrong 'tool_calls': {error}. Give a list of name and arguments.") from None
    return tuple(ToolCall(call.name, _json_text(call.arguments)) for call in read)


def _json_text(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()


class _Call(msgspec.Struct):
    name: str
    arguments: Any = msgspec.field(default_factory=dict)
