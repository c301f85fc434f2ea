"""What differs between two texts, word by word where that is readable, else line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal

import msgspec

from quire.domain.sequencediff import opcodes

_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]+\s*|[^.!?\n]+")
_WORD = re.compile(r"\s*\S+\s*|\s+")
_FEW_WORDS = 120
_LONG = 1_000
"""Characters from which on equal stretches are looked for as such."""
_ANCHOR = 24
_SKIPS = (0, 8, 24, 56, 120, 248, 504)
_WINDOW = 2_000
_LEAST_ALIKE = 0.25

Operation = Literal["same", "removed", "added"]


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text that is in both texts, only in the old or only in the new one."""

    op: Operation
    text: str


def diff_text(old: str, new: str) -> list[Piece]:
    """The pieces of both texts in reading order.

    The pieces that are not "added" make up ``old``, those that are not "removed" make up ``new``. What is equal at both
    ends is set aside, then lines are aligned; lines that changed are compared by words (long ones by sentences first),
    unless they have little in common.
    """
    if old == new:
        return [Piece("same", old)] if old else []
    start, end = _equal_ends(old, new)
    pieces = _merged(_diff_between(old, new, start, end))
    return [Piece(op, "".join([piece.text for piece in group])) for op, group in groupby(pieces, attrgetter("op"))]


def _diff_between(old: str, new: str, start: int, end: int) -> Iterator[Piece]:
    if start:
        yield Piece("same", old[:start])
    middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    long = min(len(middle), len(new_middle)) > _LONG
    yield from (_diff_long_texts if long else _diff_lines)(middle, new_middle)
    if end:
        yield Piece("same", old[len(old) - end :])


def _diff_long_texts(old: str, new: str) -> Iterator[Piece]:
    """As :func:`_diff_lines`, but what is equal is passed over at the speed of memory where a change ends soon."""
    place = new_place = 0
    while resumed := _resume(old, place, new, new_place):
        resume, new_resume = resumed
        length = _equal_start(old[resume:], new[new_resume:])
        while length and (_inside_word(old, resume + length) or _inside_word(new, new_resume + length)):
            length -= 1
        if not length:
            break
        yield from _diff_lines(old[place:resume], new[new_place:new_resume])
        yield Piece("same", old[resume : resume + length])
        place, new_place = resume + length, new_resume + length
    yield from _diff_lines(old[place:], new[new_place:])


def _resume(old: str, place: int, new: str, new_place: int) -> tuple[int, int] | None:
    """Where two texts are equal again after a change: the first anchor of the old that is in the new, once, soon."""
    for skip in _SKIPS:
        start = place + skip
        anchor = old[start : start + _ANCHOR]
        if len(anchor) < _ANCHOR:
            return None
        limit = new_place + skip + _WINDOW
        found = new.find(anchor, new_place, limit)
        if found < 0 or new.find(anchor, found + 1, limit) >= 0 or old.find(anchor, place, start + _WINDOW) != start:
            continue
        back = _equal_end(old[place:start], new[new_place:found])
        start, found = start - back, found - back
        while _inside_word(old, start) or _inside_word(new, found):
            start, found = start + 1, found + 1
        return start, found
    return None


def _diff_lines(old: str, new: str) -> Iterator[Piece]:
    if not old or not new:
        yield from _replacement(old, new)
        return
    if "\n" not in old and "\n" not in new:
        yield from _diff_words(old, new)
        return
    yield from _diff_parts(old.splitlines(keepends=True), new.splitlines(keepends=True), _diff_words)


def _diff_words(old: str, new: str) -> Iterator[Piece]:
    if not old or not new:
        yield from _replacement(old, new)
        return
    old_words, new_words = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(old_words), len(new_words)) > _FEW_WORDS:
        yield from _diff_parts(_SENTENCE.findall(old), _SENTENCE.findall(new), _diff_sentence)
    else:
        yield from _diff_tokens(old_words, new_words)


def _diff_sentence(old: str, new: str) -> Iterator[Piece]:
    old_words, new_words = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(old_words), len(new_words)) > _FEW_WORDS:
        yield from _diff_long(_WORD.findall(old), _WORD.findall(new))
    else:
        yield from _diff_tokens(old_words, new_words)


def _diff_long(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    pieces = list(_diff_parts(old, new, _replacement))
    length = sum(len(piece.text) for piece in pieces)
    if sum(len(piece.text) for piece in pieces if piece.op == "same") < _LEAST_ALIKE * length / 2:
        yield from _replacement("".join(old), "".join(new))
    else:
        yield from pieces


def _diff_tokens(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if len(old) == len(new) == 1:
        yield from _replacement(old[0], new[0])
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _LEAST_ALIKE:
        yield from _replacement("".join(old), "".join(new))
        return
    for op, start, stop, new_start, new_stop in matcher.get_opcodes():
        if op == "equal":
            yield Piece("same", "".join(old[start:stop]))
        else:
            yield from _replacement("".join(old[start:stop]), "".join(new[new_start:new_stop]))


def _diff_parts(
    old: Sequence[str], new: Sequence[str], diff_changed: Callable[[str, str], Iterator[Piece]]
) -> Iterator[Piece]:
    """Align parts of two texts, and compare those that changed in a finer way."""
    for op, start, stop, new_start, new_stop in opcodes(old, new):
        if op == "equal":
            yield Piece("same", "".join(old[start:stop]))
        else:
            yield from diff_changed("".join(old[start:stop]), "".join(new[new_start:new_stop]))


def _equal_ends(old: str, new: str) -> tuple[int, int]:
    """How many characters are equal at the start and at the end, no word being cut."""
    start = _equal_start(old, new)
    while start and (_inside_word(old, start) or _inside_word(new, start)):
        start -= 1
    end = _equal_end(old[start:], new[start:])
    while end and (_inside_word(old, len(old) - end) or _inside_word(new, len(new) - end)):
        end -= 1
    return start, end


def _equal_start(old: str, new: str) -> int:
    """By halving: slices are compared at the speed of memory, characters one by one are not."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _equal_end(old: str, new: str) -> int:
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _inside_word(text: str, place: int) -> bool:
    """Whether a token of the text goes on across a place."""
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    if before.isspace() or after.isspace():
        return before.isspace() and after.isspace() and "\n" not in (before, after)
    return _is_of_word(before) and _is_of_word(after)


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


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
