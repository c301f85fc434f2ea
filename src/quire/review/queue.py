"""A review queue: it hands out items to reviewers, and stores what they say as assessments."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from quire.domain.assessments import SOURCE_RUN, AssessmentError, AssessmentSource
from quire.domain.entities import RunStatus, Tag
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from quire.domain.ids import now_ms
from quire.domain.redaction import redact, redact_value
from quire.domain.scores import ScoredRow
from quire.review.anchors import anchored
from quire.review.definition import CLOSING_TAG, DEFINITION_TAG, Definition, checked_reviewers, encoded
from quire.review.holding import held, hold, let_go
from quire.review.items import (
    Item,
    Shown,
    hashed,
    is_swapped,
    pair_items,
    row_items,
    shown,
    trace_items,
    trace_pair_items,
)
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
    name) of the items' traces. Where ``per_item`` limits how many answer an item, one that a reviewer was given is kept
    for them for a quarter of an hour. Safe for one process of each reviewer at a time. An item whose trace was deleted
    is shown to nobody any more.
    """

    def __init__(self, client: Client, run_id: str, experiment_id: str, definition: Definition) -> None:
        super().__init__(client, run_id, experiment_id, definition)
        self._done: dict[str, set[str]] | None = None
        self._orders: dict[str, list[Item]] = {}

    def refresh(self) -> None:
        """Read anew what the store holds, after others have added items or labels."""
        self._items = self._done = None
        self._orders = {}

    def recount(self) -> None:
        """Read anew what was answered, after others have answered."""
        self._done = None

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
        """Add stored traces, or their ids. Raises NotFound for one that there is not.

        To a queue of pairs are added those of them that were asked the same and answered by two variants (model
        versions, arms, models), as pairs; others are counted as unanswered.
        """
        given = self._traces(traces)
        made = trace_pair_items(given) if self.definition.pairs else trace_items(given)
        return self._add(made, pairs=self.definition.pairs)

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
        others = self._held_by_others(reviewer)
        for item in self._in_order(reviewer):
            if not self._wants(item, reviewer, others.get(item.item_id, set())):
                continue
            if self._is_there(item) and self._wants(item, reviewer) and self._take(item, reviewer):
                return shown(item, reviewer, queue=self.run_id, blind=self.definition.blind)
        return None

    def _is_there(self, item: Item) -> bool:
        """Look at an item as the store has it now; False if its trace was deleted."""
        try:
            self._look_again(item)
        except NotFound:
            return False
        return True

    def show(self, item_id: str, reviewer: str) -> Shown:
        """An item as a reviewer sees it, whether or not they have answered. Raises NotFound, PermissionDenied."""
        self._check_reviewer(reviewer)
        return shown(self._item(item_id), reviewer, queue=self.run_id, blind=self.definition.blind)

    def said(self, item_id: str, reviewer: str) -> list[Label]:
        """What a reviewer has answered about an item."""
        return [label for label in self._look_again(self._item(item_id)) if label.reviewer == reviewer]

    def _held_by_others(self, reviewer: str) -> dict[str, set[str]]:
        """Which others have each item in hand; it matters only where not everybody answers it."""
        found: dict[str, set[str]] = {}
        for one in held(self._client, self.run_id) if self.definition.per_item is not None else ():
            if one.reviewer != reviewer:
                found.setdefault(one.item_id, set()).add(one.reviewer)
        return found

    def _take(self, item: Item, reviewer: str) -> bool:
        """Have an item in hand; False, and nothing held, if those who answered or hold it are enough."""
        if self.definition.per_item is None:
            return True
        others = hold(self._client, self.run_id, item.item_id, reviewer)
        self._look_again(item)
        if self._wants(item, reviewer, others):
            return True
        let_go(self._client, self.run_id, reviewer)
        return False

    def withdraw(self, item_id: str, reviewer: str) -> int:
        """Take back all that a reviewer answered about an item, which is then shown to them again; how much it was.

        Where ``per_item`` limits how many answer an item, it is kept for them as one that :meth:`next` gave.
        """
        self._check_reviewer(reviewer)
        item = self._item(item_id)
        info = self._info(item)
        own = [
            one
            for one in info.assessments
            if one.source.source_id == reviewer
            and one.source.source_type == "HUMAN"
            and one.metadata.get(QUEUE) == self.run_id
            and one.metadata.get(ITEM) == item_id
        ]
        for one in sorted(own, key=lambda one: one.create_time_ms or 0, reverse=True):
            self._client.delete_assessment(item.trace_id, one.assessment_id)
        self._look_again(item)
        if own and self.definition.per_item is not None:
            hold(self._client, self.run_id, item_id, reviewer)
        return len(own)

    def unskip(self, reviewer: str) -> int:
        """Take back what a reviewer skipped, so that it is shown to them again; how many items it was."""
        skipped = dict.fromkeys(label.item_id for label in self.labels(reviewer=reviewer) if label.value is None)
        for item_id in skipped:
            self.withdraw(item_id, reviewer)
        return len(skipped)

    def needs(self, item_id: str, reviewer: str) -> bool:
        """Whether an item needs an answer of a reviewer who has not given it, as the store has it now."""
        item = self._item(item_id)
        self._look_again(item)
        return self._wants(item, reviewer)

    def last(self, reviewer: str) -> str | None:
        """The item that a reviewer has answered last; None if they have answered nothing."""
        newest = max(self.labels(reviewer=reviewer), key=lambda label: label.at_ms or 0, default=None)
        return None if newest is None else newest.item_id

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

    def _wants(self, item: Item, reviewer: str, holders: Collection[str] = ()) -> bool:
        """Whether a reviewer is to answer an item that these others have in hand."""
        done = self._done_by().get(item.item_id)
        if done is None or reviewer in done:
            return False
        most = self.definition.per_item
        return most is None or len(done.union(holders)) < most

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
        try:
            info = self._info(item)
        except NotFound:
            self._done_by().pop(item.item_id, None)
            raise
        labels = list(labels_of(self.run_id, item, info))
        self._done_by()[item.item_id] = self._finished(labels)
        return labels

    def progress(self) -> Progress:
        """How far it is."""
        done = self._done_by()
        people = self.definition.reviewers or sorted({name for names in done.values() for name in names})
        need = self.definition.per_item or max(len(self.definition.reviewers), 1)
        return Progress(
            items=len(done),
            done=sum(len(names) >= need for names in done.values()),
            by_reviewer={name: sum(name in names for names in done.values()) for name in people},
        )

    def left(self, reviewer: str) -> int:
        """How many items wait for a reviewer, those left out that others have in hand."""
        allowed = self.definition.reviewers
        if allowed and reviewer not in allowed:
            return 0
        others = self._held_by_others(reviewer)
        return sum(self._wants(item, reviewer, others.get(item.item_id, ())) for item in self.items.values())

    # -- changing it ---------------------------------------------------------------------------------

    def assign(self, reviewers: Iterable[str] | str) -> None:
        """Say who reviews; anyone, where nobody is named. What was said before stays."""
        changed = msgspec.structs.replace(self.definition, reviewers=checked_reviewers(reviewers))
        self._client.store.log_batch(self.run_id, tags=[Tag(DEFINITION_TAG, encoded(changed))])
        self.definition = changed

    def close(self, reason: str = "") -> None:
        """Mark it as finished; its labels stay, and can be read. Servers hand out no more of it."""
        self._mark("FINISHED", reason)

    def reopen(self, reason: str = "") -> None:
        """Take its closing back."""
        self._mark("RUNNING", reason)

    def _mark(self, status: RunStatus, reason: str) -> None:
        ended = now_ms() if status == "FINISHED" else None
        self._client.store.update_run(self.run_id, status=status, end_time=ended)
        self._client.store.log_batch(self.run_id, tags=[Tag(CLOSING_TAG, redact(reason))])


def _clean(item: Item) -> Item:
    """The item without credentials in its texts."""
    return msgspec.structs.replace(
        item,
        inputs=redact_value(item.inputs),
        outputs=redact_value(item.outputs),
        second=redact_value(item.second),
        expectations=redact_value(item.expectations),
    )
