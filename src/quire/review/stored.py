"""What a review queue holds, and what its reviewers have said, as the store has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.traces import TraceInfo
from quire.review.agreement import RaterAgreement, agreements, consensus, ranking
from quire.review.definition import Definition
from quire.review.items import Item
from quire.review.labels import Label, labels_of
from quire.review.storing import read_items
from quire.tracking.client import Client

AT_ONCE = 500
"""Items that are read and written together."""


class StoredQueue:
    """The reading side of a queue: items, labels, agreement, export."""

    def __init__(self, client: Client, run_id: str, experiment_id: str, definition: Definition) -> None:
        self._client = client
        self.run_id = run_id
        self.experiment_id = experiment_id
        self.definition = definition
        self._items: dict[str, Item] | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.definition.name

    @property
    def items(self) -> Mapping[str, Item]:
        """What it holds, by item id, in the order in which it was added."""
        if self._items is None:
            self._items = {item.item_id: item for item in read_items(self._client, self.run_id)}
        return self._items

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<review queue {self.name!r} of the experiment {self.experiment_id}>"

    # -- what was said -------------------------------------------------------------------------------

    def labels(self, question: str | None = None, reviewer: str | None = None) -> Iterator[Label]:
        """All labels, item by item; those of one question or one reviewer where named."""
        for _item, labels in self._labelled():
            for label in labels:
                if question in (None, label.question) and reviewer in (None, label.reviewer):
                    yield label

    def _labelled(self) -> Iterator[tuple[Item, list[Label]]]:
        items = list(self.items.values())
        for start in range(0, len(items), AT_ONCE):
            chunk = items[start : start + AT_ONCE]
            infos = self._client.store.get_trace_infos([item.trace_id for item in chunk])
            found = {info.trace_id: info for info in infos}
            for item in chunk:
                if item.trace_id in found:  # else its trace was deleted, and its labels with it
                    yield item, list(labels_of(self.run_id, item, found[item.trace_id]))

    def _info(self, item: Item) -> TraceInfo:
        """What the store has of an item's trace. Raises NotFound if it was deleted."""
        found = self._client.store.get_trace_infos([item.trace_id])
        if not found:
            raise NotFound(
                f"The trace of the item {item.item_id} of the queue {self.name!r} was deleted, and its labels with it."
            )
        return found[0]

    def agreement(
        self, question: str | None = None, *, scores: Iterable[str] = (), confidence: float = 0.95
    ) -> list[RaterAgreement]:
        """Cohen's kappa of each two reviewers on the items that both answered, and of each with these scorers' scores.

        Pairs of raters that share no item are left out. Of pairs of answers, what is compared is which answer won.
        """
        asked = self.definition.question(question)
        return agreements(
            self.labels(asked.name), self.items, kind=asked.kind, scores=list(scores), confidence=confidence
        )

    def ranking(self, question: str | None = None, *, confidence: float = 0.95) -> Any:
        """The variants by strength, from what reviewers said of pairs: :func:`quire.stats.bradley_terry`.

        Raises InvalidInput for a queue of single answers, and where nothing was said yet.
        """
        if not self.definition.pairs:
            raise InvalidInput(f"The queue {self.name!r} holds single answers; a ranking comes from pairs.")
        return ranking(self.labels(self.definition.question(question).name), confidence=confidence)

    def labelled(self, question: str | None = None) -> list[dict[str, Any]]:
        """Answers with the label that most of their reviewers gave, as ``judge.agreement`` takes them.

        Each is a mapping with ``label``, ``inputs``, ``outputs``, ``expectations`` and ``trace_id``. Answers of which
        as many say one thing as another are left out.
        """
        if self.definition.pairs:
            raise InvalidInput(f"The queue {self.name!r} holds pairs; see its agreement(scores=...) and ranking().")
        asked = self.definition.question(question)
        return consensus(self.labels(asked.name))

    def export(self, path: str | Path, question: str | None = None) -> int:
        """Write the labels to a JSONL file, one a line; how many there were."""
        count = 0
        with Path(path).open("wb") as file:
            for label in self.labels(question):
                file.write(msgspec.json.encode(label, enc_hook=repr) + b"\n")
                count += 1
        return count

    def frame(self, question: str | None = None) -> Any:
        """The labels as a pandas dataframe, one a row. Raises MissingExtra without pandas."""
        from quire.tracking.tables import to_pandas

        names = Label.__struct_fields__
        labels = list(self.labels(question))
        return to_pandas({name: [getattr(label, name) for label in labels] for name in names}, "frame")
