"""Which items of two sequences correspond, in time that hardly grows faster than their length.

What is equal at both ends is set aside; items that occur once on either side are anchors (their longest increasing
run, as in patience diff); what lies between two anchors is aligned in the same way, and by ``difflib`` once it is
small. A stretch of repetitions too long for that is anchored by runs of a few items, else it counts as replaced.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Literal

Opcode = tuple[Literal["equal", "replace", "delete", "insert"], int, int, int, int]
"""As difflib's: what becomes of ``old[start:stop]`` and ``new[new_start:new_stop]``."""
Block = tuple[int, int, int]
"""Where an equal stretch begins in the old and in the new sequence, and how long it is."""

_MOST_STEPS = 40_000
"""Comparisons that difflib may make for one stretch."""
_RUN = 4
"""Items of a run that anchors what has no unique items."""
_DEEPEST = 30


def opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Opcode]:
    """What turns ``old`` into ``new``, in order and without gaps; neighbouring steps are never of the same kind."""
    steps: list[Opcode] = []
    start = new_start = 0
    for block, new_block, length in _joined(_align(list(old), list(new), _DEEPEST)):
        steps += _change(start, block, new_start, new_block)
        steps.append(("equal", block, block + length, new_block, new_block + length))
        start, new_start = block + length, new_block + length
    return steps + _change(start, len(old), new_start, len(new))


def increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, sorted by their first numbers, whose second numbers rise too."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_place, other) in enumerate(pairs):
        length = bisect_left(tops, other)
        before.append(ends[length - 1] if length else -1)
        if length == len(tops):
            tops.append(other)
            ends.append(index)
        else:
            tops[length], ends[length] = other, index
    found = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _change(start: int, stop: int, new_start: int, new_stop: int) -> list[Opcode]:
    if start == stop and new_start == new_stop:
        return []
    if start == stop:
        return [("insert", start, stop, new_start, new_stop)]
    return [("delete" if new_start == new_stop else "replace", start, stop, new_start, new_stop)]


def _joined(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks that follow one another without a gap as one."""
    last: Block | None = None
    for block in blocks:
        if last is not None and (last[0] + last[2], last[1] + last[2]) == block[:2]:
            last = (last[0], last[1], last[2] + block[2])
            continue
        if last is not None:
            yield last
        last = block
    if last is not None:
        yield last


def _align(old: list[Hashable], new: list[Hashable], depth: int) -> Iterator[Block]:
    start = _equal_ahead(old, new)
    end = _equal_ahead(old[start:][::-1], new[start:][::-1])
    if start:
        yield 0, 0, start
    inner, new_inner = old[start : len(old) - end], new[start : len(new) - end]
    if inner and new_inner:
        for block, new_block, length in _align_inner(inner, new_inner, depth):
            yield start + block, start + new_block, length
    if end:
        yield len(old) - end, len(new) - end, end


def _equal_ahead(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    count = 0
    for item, other in zip(old, new, strict=False):
        if item != other:
            break
        count += 1
    return count


def _align_inner(old: list[Hashable], new: list[Hashable], depth: int) -> Iterator[Block]:
    counts, new_counts = Counter(old), Counter(new)
    steps = sum(count * new_counts[item] for item, count in counts.items() if item in new_counts)
    if not steps:
        return
    if steps <= _MOST_STEPS:
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        yield from ((block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size)
        return
    anchors = _anchors(old, new) or _anchors(_runs(old), _runs(new))
    if not anchors or not depth:
        return
    place = new_place = 0
    for anchor, new_anchor in [*anchors, (len(old), len(new))]:
        for block, new_block, length in _align(old[place:anchor], new[new_place:new_anchor], depth - 1):
            yield place + block, new_place + new_block, length
        if anchor < len(old):
            yield anchor, new_anchor, 1
        place, new_place = anchor + 1, new_anchor + 1


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of items that occur exactly once on either side, as far as their order is the same."""
    counts, new_counts = Counter(old), Counter(new)
    places = {item: place for place, item in enumerate(new) if new_counts[item] == 1}
    return increasing([(place, places[item]) for place, item in enumerate(old) if counts[item] == 1 and item in places])


def _runs(items: Sequence[Hashable]) -> list[Hashable]:
    return [*zip(*(items[offset:] for offset in range(_RUN)), strict=False)]
