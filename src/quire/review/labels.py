"""Labels: what reviewers said, read from the assessments of the items' traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.scores import ScoreValue
from quire.domain.traces import TraceInfo
from quire.review.items import Item, is_swapped
from quire.review.questions import FIRST, TIE

QUEUE = "quire.review.queue"
ITEM = "quire.review.item"
SKIPPED = "SKIPPED"


class Label(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reviewer's answer to one question about one item.

    ``value`` is None where the item was skipped. For a pair, ``value`` says what was chosen in the order shown, and
    ``outcome`` what that means: 1 for ``variant``, 0 for ``other``, 0.5 for neither.
    """

    item_id: str
    question: str
    reviewer: str
    value: ScoreValue | None = None
    outcome: float | None = None
    comment: str = ""
    at_ms: int | None = None
    trace_id: str = ""
    assessment_id: str = ""
    variant: str = ""
    other: str = ""
    run_id: str = ""
    record_id: str = ""
    repeat: int = 0
    inputs: Any = None
    outputs: Any = None
    second: Any = None
    expectations: dict[str, Any] | None = None

    @property
    def meaning(self) -> ScoreValue | None:
        """What raters are compared by: the outcome of a pair, whatever order it was shown in, else the value."""
        return self.value if not self.other else self.outcome


def labels_of(queue: str, item: Item, info: TraceInfo) -> Iterator[Label]:
    """The labels that a queue's reviewers gave an item; of one person and question, the newest that is valid."""
    newest: dict[tuple[str, str], Assessment] = {}
    for one in info.assessments:
        if _belongs(queue, item, one):
            key = (one.assessment_name, one.source.source_id)
            if key not in newest or (newest[key].create_time_ms or 0) <= (one.create_time_ms or 0):
                newest[key] = one
    for one in newest.values():
        yield _label(queue, item, one)


def _belongs(queue: str, item: Item, one: Assessment) -> bool:
    return (
        one.feedback is not None
        and one.valid is not False
        and one.source.source_type == "HUMAN"
        and one.metadata.get(QUEUE) == queue
        and one.metadata.get(ITEM) == item.item_id
    )


def _label(queue: str, item: Item, one: Assessment) -> Label:
    skipped = one.feedback is not None and one.feedback.error is not None
    value = None if skipped else one.value
    reviewer = one.source.source_id
    return Label(
        item_id=item.item_id,
        question=one.assessment_name,
        reviewer=reviewer,
        value=value,
        outcome=_outcome(value, is_swapped(queue, item.item_id, reviewer)) if item.is_pair else None,
        comment=one.rationale,
        at_ms=one.create_time_ms,
        trace_id=item.trace_id,
        assessment_id=one.assessment_id,
        variant=item.variant,
        other=item.other,
        run_id=item.run_id,
        record_id=item.record_id,
        repeat=item.repeat,
        inputs=item.inputs,
        outputs=item.outputs,
        second=item.second,
        expectations=item.expectations,
    )


def _outcome(value: Any, swapped: bool) -> float | None:
    if value is None:
        return None
    if value == TIE:
        return 0.5
    return float((value == FIRST) is not swapped)


def by_rater(labels: Iterable[Label]) -> dict[str, dict[str, ScoreValue]]:
    """Each reviewer's answers by item, skipped ones left out."""
    found: dict[str, dict[str, ScoreValue]] = {}
    for label in labels:
        if label.meaning is not None:
            found.setdefault(label.reviewer, {})[label.item_id] = label.meaning
    return found
