"""Which messages of two chat templates correspond: the same, changed, moved, added or removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.sequencediff import increasing, opcodes

Message = Mapping[str, Any]
Pair = tuple[int, int]
"""The position of a message in the old and in the new template."""

_MOST_COMPARED = 16
"""Of more messages than this on a side, likeness is not looked at."""
_SAMPLE = 2_000
_ALIKE = 0.5
_END = 60


def paired_messages(old: Sequence[Message], new: Sequence[Message]) -> list[Pair]:
    """Each old message with the new one that it became, in the old order.

    Equal messages are paired first, in place where possible; then, of the same role, those that have most words in
    common; then those that stand between the same neighbours.
    """
    keys, new_keys = _keys(old, new)
    pairs = {
        place: other
        for start, stop, other in _equal_runs(keys, new_keys)
        for place, other in zip(range(start, stop), range(other, other + stop - start), strict=True)
    }
    _pair_equal(pairs, keys, new_keys)
    _pair_alike(pairs, old, new)
    _pair_neighbours(pairs, old, new)
    return sorted(pairs.items())


def moved_pairs(pairs: Sequence[Pair]) -> set[Pair]:
    """The pairs that are out of order; as few as can be."""
    return set(pairs) - set(increasing(pairs))


def text_of(message: Message) -> str:
    """The text of a message's content; of other content, its JSON."""
    content = message.get("content")
    return content if isinstance(content, str) else msgspec.json.encode(content, enc_hook=str).decode()


def _keys(old: Sequence[Message], new: Sequence[Message]) -> tuple[list[int], list[int]]:
    """A number for each message, the same for equal ones."""
    numbers: dict[tuple[Any, ...], int] = {}
    return tuple([numbers.setdefault(_key(message), len(numbers)) for message in side] for side in (old, new))  # type: ignore[return-value]


def _key(message: Message) -> tuple[Any, ...]:
    content = message.get("content")
    if len(message) == 2 and isinstance(content, str):
        return (message.get("role"), content)
    return (msgspec.json.encode(message, order="deterministic", enc_hook=str),)


def _equal_runs(keys: Sequence[int], new_keys: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    for op, start, stop, new_start, _new_stop in opcodes(keys, new_keys):
        if op == "equal":
            yield start, stop, new_start


def _pair_equal(pairs: dict[int, int], keys: Sequence[int], new_keys: Sequence[int]) -> None:
    """Equal messages that stand elsewhere."""
    free: dict[int, list[int]] = defaultdict(list)
    for place in reversed(_left(new_keys, pairs.values())):
        free[new_keys[place]].append(place)
    for place in _left(keys, pairs):
        if free.get(keys[place]):
            pairs[place] = free[keys[place]].pop()


def _pair_alike(pairs: dict[int, int], old: Sequence[Message], new: Sequence[Message]) -> None:
    left, new_left = _left(old, pairs), _left(new, pairs.values())
    if max(len(left), len(new_left)) > _MOST_COMPARED:
        _pair_by_ends(pairs, old, new, left, new_left)
        return
    words = {place: _words(old[place]) for place in left}
    new_words = {place: _words(new[place]) for place in new_left}
    scored = [
        (-_likeness(words[place], new_words[other]), abs(place - other), place, other)
        for place in left
        for other in new_left
        if old[place].get("role") == new[other].get("role")
    ]
    _take_best(pairs, sorted(item for item in scored if item[0] <= -_ALIKE))


def _take_best(pairs: dict[int, int], scored: Sequence[tuple[float, int, int, int]]) -> None:
    taken = set(pairs.values())
    for _score, _distance, place, other in scored:
        if place not in pairs and other not in taken:
            pairs[place] = other
            taken.add(other)


def _pair_by_ends(
    pairs: dict[int, int], old: Sequence[Message], new: Sequence[Message], left: list[int], new_left: list[int]
) -> None:
    """Many changed messages: those whose beginnings or ends are the same, in order, where as many are on both sides."""
    for part in (slice(0, _END), slice(-_END, None)):
        taken = set(pairs.values())
        found = _by_end(old, [place for place in left if place not in pairs], part)
        new_found = _by_end(new, [place for place in new_left if place not in taken], part)
        for end, places in found.items():
            others = new_found.get(end, [])
            if len(places) == len(others):
                pairs.update(zip(places, others, strict=True))


def _by_end(messages: Sequence[Message], places: Sequence[int], part: slice) -> dict[tuple[Any, str], list[int]]:
    found: dict[tuple[Any, str], list[int]] = defaultdict(list)
    for place in places:
        found[(messages[place].get("role"), text_of(messages[place])[part])].append(place)
    return found


def _pair_neighbours(pairs: dict[int, int], old: Sequence[Message], new: Sequence[Message]) -> None:
    """What stands between the same neighbours, by role and in order."""
    fixed = increasing(sorted(pairs.items()))
    taken = set(pairs.values())
    start = new_start = 0
    for stop, new_stop in [*fixed, (len(old), len(new))]:
        others = [place for place in range(new_start, new_stop) if place not in taken]
        for place in range(start, stop):
            if place not in pairs:
                same = next((other for other in others if new[other].get("role") == old[place].get("role")), None)
                if same is not None:
                    pairs[place] = same
                    others = others[others.index(same) + 1 :]
        start, new_start = stop + 1, new_stop + 1


def _left(items: Sequence[Any], taken: Any) -> list[int]:
    used = set(taken)
    return [place for place in range(len(items)) if place not in used]


def _words(message: Message) -> frozenset[str]:
    text = text_of(message)
    return frozenset((text if len(text) <= 2 * _SAMPLE else f"{text[:_SAMPLE]} {text[-_SAMPLE:]}").split())


def _likeness(words: frozenset[str], others: frozenset[str]) -> float:
    total = len(words) + len(others)
    return 2 * len(words & others) / total if total else 1.0
