"""What differs between two texts, word by word where that is readable, else line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_MOST_WORDS = 4_000
_MOST_LINES = 20_000
_LEAST_ALIKE = 0.25

Operation = Literal["same", "removed", "added"]


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text that is in both texts, only in the old or only in the new one."""

    op: Operation
    text: str


def diff_text(old: str, new: str) -> list[Piece]:
    """The pieces of both texts in reading order.

    The pieces that are not "added" make up ``old``, those that are not "removed" make up ``new``. Lines are aligned
    first; lines that changed are compared by words, unless they have little in common.
    """
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return list(_merged(_diff_lines(old_lines, new_lines)))


def _diff_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if max(len(old), len(new)) > _MOST_LINES:
        yield from _replacement("".join(old), "".join(new))
        return
    for op, start, stop, new_start, new_stop in _opcodes(old, new):
        if op == "equal":
            yield Piece("same", "".join(old[start:stop]))
        else:
            yield from _diff_words("".join(old[start:stop]), "".join(new[new_start:new_stop]))


def _diff_words(old: str, new: str) -> Iterator[Piece]:
    old_words, new_words = _TOKEN.findall(old), _TOKEN.findall(new)
    if not old or not new or max(len(old_words), len(new_words)) > _MOST_WORDS:
        yield from _replacement(old, new)
        return
    matcher = difflib.SequenceMatcher(None, old_words, new_words, autojunk=False)
    if matcher.ratio() < _LEAST_ALIKE:
        yield from _replacement(old, new)
        return
    for op, start, stop, new_start, new_stop in matcher.get_opcodes():
        if op == "equal":
            yield Piece("same", "".join(old_words[start:stop]))
        else:
            yield from _replacement("".join(old_words[start:stop]), "".join(new_words[new_start:new_stop]))


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _replacement(old: str, new: str) -> Iterator[Piece]:
    if old:
        yield Piece("removed", old)
    if new:
        yield Piece("added", new)


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbouring changes as one removal and one addition, a single space between them included."""
    removed, space, added = "", "", ""
    for piece in pieces:
        if piece.op == "same" and (space or piece.text != " " or not (removed or added)):
            yield from _replacement(removed, added)
            removed = added = ""
            yield Piece("same", space + piece.text)
            space = ""
        elif piece.op == "same":
            space = " "
        else:
            removed += space + piece.text if piece.op == "removed" else space
            added += space + piece.text if piece.op == "added" else space
            space = ""
    yield from _replacement(removed, added)
    if space:
        yield Piece("same", space)
