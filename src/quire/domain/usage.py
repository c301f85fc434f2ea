"""Adding up what the spans of a trace used: tokens and cost.

A span whose numbers cover its children's (an agent's total) is counted, and what is below it is not: each token is
counted once. A span without numbers passes on those below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Number = TypeVar("Number", int, float)
Node = tuple[str, str | None, Mapping[str, Number] | None]
"""A span: its id, its parent's id, its numbers."""


def roll_up(nodes: Iterable[Node[Number]]) -> dict[str, Number]:
    """The sum of the numbers of a trace's spans; empty if none has any."""
    spans = {span_id: (parent, numbers) for span_id, parent, numbers in nodes}
    total: dict[str, Number] = {}
    covered: dict[str, bool] = {}
    for span_id, (_, numbers) in spans.items():
        if numbers and not _is_covered(span_id, spans, covered):
            for key, number in numbers.items():
                total[key] = total.get(key, 0) + number
    return total


def _is_covered(
    span_id: str,
    spans: Mapping[str, tuple[str | None, Mapping[str, Number] | None]],
    known: dict[str, bool],
) -> bool:
    """Whether a span above has numbers. Walks up without recursion; a circle of parents ends where it began."""
    path: set[str] = set()
    answer = False
    at: str | None = span_id
    while at is not None and at in spans:
        if at in known:
            answer = known[at]
            break
        if at in path:
            break
        path.add(at)
        parent = spans[at][0]
        if parent is not None and parent in spans and spans[parent][1]:
            answer = True
            break
        at = parent
    known.update(dict.fromkeys(path, answer))
    return answer
