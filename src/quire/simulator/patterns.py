"""A text that matches a regular expression. Pure; used for ``pattern`` in a JSON schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from quire.simulator.errors import ApiError

_parser: Any = getattr(re, "_parser")  # noqa: B009 - the standard library's own parser, which has no public name
_MOST_REPEATS = 3
_LONGEST = 1_000
_CATEGORIES = {
    "CATEGORY_DIGIT": "7",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_WORD": "w",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "x",
}
_PRINTABLE = [chr(code) for code in range(97, 123)] + [chr(code) for code in range(32, 97)]


def matching_text(pattern: str, draw: bytes) -> str:
    """A text that ``pattern`` matches, chosen by ``draw``. Raises ApiError (400) if none can be made."""
    try:
        text = _Generator(draw).generate(_parser.parse(pattern))
        found = re.search(pattern, text)
    except (re.error, NotImplementedError, OverflowError, RecursionError) as error:
        raise _refusal(pattern) from error
    if found is None:
        raise _refusal(pattern)
    return text


def _refusal(pattern: str) -> ApiError:
    return ApiError(400, f"Invalid schema: the simulator finds no text for the pattern '{pattern}'. Simplify it.")


class _Generator:
    def __init__(self, draw: bytes) -> None:
        self._draw = self._cycle(draw)
        self._groups: dict[int, str] = {}

    @staticmethod
    def _cycle(draw: bytes) -> Iterator[int]:
        while True:
            yield from draw

    def generate(self, parsed: Any) -> str:
        return "".join(self._one(str(operation), argument) for operation, argument in parsed)

    def _one(self, operation: str, argument: Any) -> str:
        if operation == "LITERAL":
            return chr(argument)
        if operation == "NOT_LITERAL":
            return "x" if argument != ord("x") else "y"
        if operation == "ANY":
            return "x"
        if operation == "IN":
            return self._from_set(argument)
        if operation == "BRANCH":
            return self.generate(argument[1][next(self._draw) % len(argument[1])])
        if operation == "SUBPATTERN":
            text = self.generate(argument[3])
            if argument[0] is not None:
                self._groups[argument[0]] = text
            return text
        if operation in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            least, most, inner = argument
            if least > _LONGEST:
                raise NotImplementedError(f"{least} repeats")
            spread = min(int(most), least + _MOST_REPEATS) - least
            return "".join(self.generate(inner) for _ in range(least + next(self._draw) % (spread + 1)))
        if operation == "GROUPREF":
            return self._groups.get(argument, "")
        if operation == "AT":
            return ""
        if operation == "ATOMIC_GROUP":
            return self.generate(argument)
        raise NotImplementedError(operation)

    def _from_set(self, members: Any) -> str:
        if str(members[0][0]) == "NEGATE":
            allowed = [c for c in _PRINTABLE if not any(_contains(m, c) for m in members[1:])]
            if not allowed:
                raise NotImplementedError("negated set")
            return allowed[next(self._draw) % min(len(allowed), 26)]
        operation, argument = members[next(self._draw) % len(members)]
        if str(operation) == "LITERAL":
            return chr(argument)
        if str(operation) == "RANGE":
            low, high = argument
            return chr(low + next(self._draw) % (high - low + 1))
        return _CATEGORIES[str(argument)]


def _contains(member: Any, character: str) -> bool:
    operation, argument = member
    if str(operation) == "LITERAL":
        return ord(character) == int(argument)
    if str(operation) == "RANGE":
        return bool(argument[0] <= ord(character) <= argument[1])
    name = str(argument).removeprefix("CATEGORY_")
    tests = {
        "DIGIT": character.isdigit(),
        "SPACE": character.isspace(),
        "WORD": character.isalnum() or character == "_",
    }
    return not tests[name[4:]] if name.startswith("NOT_") else tests[name]
