"""Tool calls: whether the model asked for the right tools, with the right arguments."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import Measured, Score
from quire.scorers.base import Scorer
from quire.scorers.reading import expected, json_equal, shown

_ANY = object()


class _Asked(NamedTuple):
    """A tool and the arguments that it is called with."""

    name: str
    arguments: Any


@dataclass(frozen=True, kw_only=True)
class ToolCalls(Scorer):
    """Whether the model called the expected tools. Binary; the rationale names the first difference.

    The expectation ``field`` is a list of calls, each a mapping with ``name`` and, unless any will do, ``arguments``
    (an empty list expects no call); OpenAI's form ``{"function": {"name", "arguments"}}`` will do. The calls made are
    ``measured.tool_calls``; where there are none, those in ``outputs`` (a list, ``tool_calls`` of a mapping, or JSON
    text of either). Arguments are equal as JSON, whatever the order of their keys, and may be JSON text.

    ``ordered`` asks for the same order; ``arguments=False`` compares names alone; ``extra`` overlooks calls that were
    not expected.
    """

    field: str = "expected_tool_calls"
    ordered: bool = False
    arguments: bool = True
    extra: bool = False
    name: str = "tool_calls"
    kind = "binary"

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None, measured: Measured) -> Score:
        """Whether all that was expected was called, and nothing else."""
        wanted = _read(expected(expectations, self.field), f"The expectation {self.field!r}")
        made = _made(outputs, measured)
        fault = self._fault_in_order(wanted, made) if self.ordered else self._fault(wanted, made)
        return Score(name=self.name, value=fault is None, rationale=fault or "")

    def _fault(self, wanted: list[_Asked], made: list[_Asked]) -> str | None:
        """The first difference between two sets; a call that leaves its arguments open is matched last."""
        left = list(made)
        for call in sorted(wanted, key=lambda call: call.arguments is _ANY):
            place = next((place for place, other in enumerate(left) if self._same(call, other)), None)
            if place is None:
                return _lacking(call, made)
            del left[place]
        return None if self.extra or not left else f"Not expected: {_words(left[0])}."

    def _fault_in_order(self, wanted: list[_Asked], made: list[_Asked]) -> str | None:
        place = 0
        for call in wanted:
            while self.extra and place < len(made) and not self._same(call, made[place]):
                place += 1
            if place >= len(made):
                return _lacking(call, made)
            if not self._same(call, made[place]):
                return f"Call {place + 1} is {_words(made[place])}; expected {_words(call)}."
            place += 1
        return None if self.extra or place == len(made) else f"Not expected: {_words(made[place])}."

    def _same(self, wanted: _Asked, made: _Asked) -> bool:
        if wanted.name != made.name:
            return False
        return not self.arguments or wanted.arguments is _ANY or json_equal(wanted.arguments, made.arguments)


def _made(outputs: Any, measured: Measured) -> list[_Asked]:
    if measured.tool_calls:
        return _read(measured.tool_calls, "measured.tool_calls")
    given = outputs
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError:
            return []  # words, and no call
    if isinstance(given, Mapping):
        given = given.get("tool_calls") or []
    try:
        return _read(given, "The answer")
    except InvalidInput:
        return []


def _read(calls: Any, what: str) -> list[_Asked]:
    if not isinstance(calls, list | tuple):
        raise InvalidInput(f"{what} is {shown(calls)}; expected a list of tool calls.")
    return [_read_one(call, what) for call in calls]


def _read_one(call: Any, what: str) -> _Asked:
    inner = call.get("function", call) if isinstance(call, Mapping) else call
    if isinstance(inner, str):
        return _Asked(inner, _ANY)
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise InvalidInput(f"{what} holds {shown(call)}; expected a mapping with 'name' and 'arguments'.")
    arguments = inner.get("arguments", _ANY)
    if isinstance(arguments, str):
        with contextlib.suppress(msgspec.DecodeError):  # text that is not JSON is compared as it stands
            arguments = msgspec.json.decode(arguments)
    return _Asked(inner["name"], _ANY if arguments is None else arguments)


def _lacking(call: _Asked, made: list[_Asked]) -> str:
    said = ", ".join(_words(one) for one in made) or "none"
    return f"Missing: {_words(call)}. Calls made: {said}."[:2_000]


def _words(call: _Asked) -> str:
    if call.arguments is _ANY:
        return f"{call.name}(…)"
    return f"{call.name}({msgspec.json.encode(call.arguments, enc_hook=repr).decode()})"
