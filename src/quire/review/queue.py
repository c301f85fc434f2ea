"""A review queue: it hands out items to reviewers, and stores what they say as assessments."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from quire.domain.assessments import SOURCE_RUN, AssessmentError, AssessmentSource
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from quire.domain.redaction import redact_value
from quire.domain.scores import ScoredRow
from quire.review.anchors import anchored
from quire.review.definition import DEFINITION_TAG, Definition, checked_reviewers, encoded
from quire.review.items import Item, Shown, hashed, is_swapped, pair_items, row_items, shown, trace_items
from quire.review.labels import ITEM, QUEUE, SKIPPED, Label, labels_of
from quire.review.questions import checked_answer
from quire.review.stored import AT_ONCE, StoredQueue
from quire.review.storing import write_items
from quire.tracking.client import Client


class Added(msgspec.Struct, frozen=True):
    """What became of rows: added, there already, without an answer."""

    added: int
    already: int
    unanswered: int


class Progress(msgspec.Struct, frozen=True):
    """How far a queue is: items, those that need nobody any more, and how many each reviewer has done."""

    items: int
    done: int
    by_reviewer: dict[str, int]


class Queue(StoredQueue):
    """A named list of answers, or of pairs of answers, that people review; made by :func:`quire.review.create_queue`.

    Each reviewer gets each item once, in an order of their own; what was answered is stored at once, so that a
    reviewer, or another process, goes on where they stopped. Labels are assessments (source ``HUMAN``, the reviewer's
    name) of the items' traces. Safe for one process of each reviewer at a time.
    """

    def __init__(self, client: Client, run_id: str, experiment_id: str, definition: Definition) -> None:
        super().__init__(client, run_id, experiment_id, definition)
        self._done: dict[str, set[str]] | None = None
        self._orders: dict[str, list[Item]] = {}

    def refresh(self) -> None:
        """Read anew what the store holds, after others have added items or labels."""
        self._items = self._done = None
        self._orders = {}

    # -- filling it ----------------------------------------------------------------------------------

    def add_rows(self, rows: Iterable[ScoredRow], *, variant: str = "", run_id: str = "") -> Added:
        """Add the answers of a variant. Rows that are there already, and those without an answer, are counted."""
        return self._add(row_items(rows, variant, run_id), pairs=False)

    def add_pairs(
        self, first: Iterable[ScoredRow], second: Iterable[ScoredRow], *, a: str, b: str, run_id: str = ""
    ) -> Added:
        """Add pairs of two variants' answers to the same records (and repeats)."""
        return self._add(pair_items(first, second, a, b, run_id), pairs=True)

    def add_traces(self, traces: Iterable[Any]) -> Added:
        """Add stored traces, or their ids. Raises NotFound for one that there is not."""
        return self._add(trace_items(self._traces(traces)), pairs=False)

    def _traces(self, given: Iterable[Any]) -> Iterator[Any]:
        for one in given:
            yield self._client.get_trace(one) if isinstance(one, str) else one

    def _add(self, items: Iterable[Item | None], *, pairs: bool) -> Added:
        if pairs is not self.definition.pairs:
            holds, given = ("pairs", "single answers")[:: 1 if self.definition.pairs else -1]
            raise InvalidInput(f"The queue {self.name!r} holds {holds}; {given} go into a queue of their own.")
        known, stream = dict(self.items), iter(items)
        added = already = unanswered = 0
        while chunk := list(itertools.islice(stream, AT_ONCE)):
            fresh: dict[str, Item] = {}
            for item in chunk:
                if item is None:
                    unanswered += 1
                elif item.item_id in known or item.item_id in fresh:
                    already += 1
                else:
                    fresh[item.item_id] = _clean(item)
            if fresh:
                placed = anchored(self._client.store, self.experiment_id, self.run_id, list(fresh.values()))
                write_items(self._client, self.run_id, placed)
                known |= {item.item_id: item for item in placed}
                self._items, self._done = known, None
                added += len(placed)
        return Added(added, already, unanswered)

    # -- reviewing -----------------------------------------------------------------------------------

    def next(self, reviewer: str) -> Shown | None:
        """The next item for a reviewer; None where nothing is left for them. Raises PermissionDenied for others."""
        self._check_reviewer(reviewer)
        for item in self._in_order(reviewer):
            if not self._wants(item, reviewer):
                continue
            self._look_again(item)
            if self._wants(item, reviewer):
                return shown(item, reviewer, queue=self.run_id, blind=self.definition.blind)
        return None

    def label(
        self,
        item_id: str,
        reviewer: str,
        value: Any,
        *,
        question: str | None = None,
        comment: str = "",
        replace: bool = False,
    ) -> Label:
        """Store a reviewer's answer to a question (the only one, where there is one).

        Of a pair, ``value`` is ``first``, ``second`` or ``tie``, in the order in which :meth:`next` showed it to this
        reviewer. Raises NotFound for an item that there is not, InvalidInput for an answer that does not count,
        PermissionDenied for somebody who is no reviewer, AlreadyExists where they have answered, unless ``replace``:
        then the new answer overrides the old one, which is kept.
        """
        asked = self.definition.question(question)
        return self._store(item_id, reviewer, asked.name, checked_answer(asked, value), None, comment, replace)

    def skip(self, item_id: str, reviewer: str, *, question: str | None = None, comment: str = "") -> Label:
        """Note that a reviewer cannot answer; the item is not shown to them again. Raises as :meth:`label`."""
        asked = self.definition.question(question)
        skipped = AssessmentError(error_code=SKIPPED, error_message=comment or "The reviewer skipped it.")
        return self._store(item_id, reviewer, asked.name, None, skipped, comment, False)

    def _store(
        self,
        item_id: str,
        reviewer: str,
        question: str,
        value: Any,
        error: AssessmentError | None,
        comment: str,
        replace: bool,
    ) -> Label:
        self._check_reviewer(reviewer)
        item = self._item(item_id)
        mine = {label.question: label for label in self._look_again(item) if label.reviewer == reviewer}
        if question in mine and not replace:
            raise AlreadyExists(
                f"{reviewer!r} has answered {question!r} of the item {item_id}; pass replace=True to answer anew."
            )
        source = AssessmentSource(source_type="HUMAN", source_id=reviewer)
        said: dict[str, Any] = {"source": source, "rationale": comment, "metadata": self._metadata(item, reviewer)}
        if question in mine:
            old = mine[question].assessment_id
            self._client.override_feedback(trace_id=item.trace_id, assessment_id=old, value=value, **said)
        else:
            self._client.log_feedback(trace_id=item.trace_id, name=question, value=value, error=error, **said)
        return next(
            label for label in self._look_again(item) if (label.reviewer, label.question) == (reviewer, question)
        )

    def _metadata(self, item: Item, reviewer: str) -> dict[str, str]:
        said = {QUEUE: self.run_id, ITEM: item.item_id}
        if item.is_pair:
            said["quire.review.order"] = "b a" if is_swapped(self.run_id, item.item_id, reviewer) else "a b"
        return said | ({SOURCE_RUN: item.run_id} if item.run_id else {})

    def _check_reviewer(self, reviewer: str) -> None:
        (name,) = checked_reviewers([reviewer])
        allowed = self.definition.reviewers
        if allowed and name not in allowed:
            raise PermissionDenied(
                f"{name!r} is no reviewer of the queue {self.name!r}; they are {', '.join(allowed)}. Assign them first."
            )

    def _item(self, item_id: str) -> Item:
        if item_id not in self.items:
            raise NotFound(f"The queue {self.name!r} has no item {item_id!r}. queue.next(reviewer) hands out items.")
        return self.items[item_id]

    def _in_order(self, reviewer: str) -> list[Item]:
        """The items in an order of the reviewer's own, so that what comes first or last does not weigh on all."""
        known = self._orders.get(reviewer, [])
        if len(known) != len(self.items):
            known = sorted(self.items.values(), key=lambda item: hashed("place", self.run_id, reviewer, item.item_id))
            self._orders[reviewer] = known
        return known

    def _wants(self, item: Item, reviewer: str) -> bool:
        done = self._done_by()[item.item_id]
        enough = self.definition.per_item is not None and len(done) >= self.definition.per_item
        return reviewer not in done and not enough

    def _done_by(self) -> dict[str, set[str]]:
        """Who has answered every question, by item; read once and kept up to date by what is done here."""
        if self._done is None:
            self._done = {item.item_id: self._finished(labels) for item, labels in self._labelled()}
        return self._done

    def _finished(self, labels: list[Label]) -> set[str]:
        answered: dict[str, set[str]] = {}
        for label in labels:
            answered.setdefault(label.reviewer, set()).add(label.question)
        wanted = {question.name for question in self.definition.questions}
        return {reviewer for reviewer, names in answered.items() if wanted <= names}

    def _look_again(self, item: Item) -> list[Label]:
        """The labels that one item has now."""
        (info,) = self._infos([item])
        labels = list(labels_of(self.run_id, item, info))
        self._done_by()[item.item_id] = self._finished(labels)
        return labels

    def progress(self) -> Progress:
        """How far it is."""
        done = self._done_by()
        people = self.definition.reviewers or sorted({name for names in done.values() for name in names})
        need = self.definition.per_item or max(len(self.definition.reviewers), 1)
        return Progress(
            items=len(self),
            done=sum(len(names) >= need for names in done.values()),
            by_reviewer={name: sum(name in names for names in done.values()) for name in people},
        )

    # -- changing it ---------------------------------------------------------------------------------

    def assign(self, reviewers: Iterable[str] | str) -> None:
        """Say who reviews; anyone, where nobody is named. What was said before stays."""
        changed = msgspec.structs.replace(self.definition, reviewers=checked_reviewers(reviewers))
        self._client.set_tag(self.run_id, DEFINITION_TAG, encoded(changed))
        self.definition = changed

    def close(self) -> None:
        """Mark it as finished; its labels stay, and can be read."""
        self._client.set_terminated(self.run_id, "FINISHED")


def _clean(item: Item) -> Item:
    """The item without credentials in its texts."""
    return msgspec.structs.replace(
        item,
        inputs=redact_value(item.inputs),
        outputs=redact_value(item.outputs),
        second=redact_value(item.second),
        expectations=redact_value(item.expectations),
    )
