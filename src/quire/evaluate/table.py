"""The numbers of an evaluation in memory: for each variant and score, records × repeats, NaN where there is none.

Eight bytes a number: what a row says besides its numbers stays on disk.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import NotFound
from quire.domain.scores import Measured, Score, ScoredRow, ScoreKind

if TYPE_CHECKING:
    import numpy as np

MEASURES = ("latency_s", "input_tokens", "output_tokens", "cost_usd")
"""What is measured of every answer, in seconds, tokens and US dollars."""
_MOST_WORDS = 1000


class ScorerInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a scorer: enough to read its scores. ``kind`` is None where only its values show it."""

    name: str
    kind: ScoreKind | None = None
    higher_is_better: bool = True
    fingerprint: str = ""


class Records:
    """The records of an evaluation in their order: ids, and the groups that they belong to."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.groups: list[str | None] = []

    def __len__(self) -> int:
        return len(self.ids)

    def put(self, index: int, record_id: str, group: str | None) -> None:
        """Note a record at its place."""
        ids, groups = self.ids, self.groups
        if index == len(ids):
            ids.append(record_id)
            groups.append(group)
            return
        while len(ids) <= index:
            ids.append("")
            groups.append(None)
        ids[index] = record_id
        groups[index] = group

    @property
    def has_groups(self) -> bool:
        """Whether any record belongs to a group."""
        return any(group is not None for group in self.groups)


class Column:
    """The values of one score of one variant."""

    def __init__(self, info: ScorerInfo) -> None:
        self.info = info
        self.values = array("d")
        self.words: Counter[str] = Counter()
        self.errors = 0
        self.first_error: str | None = None
        self.present = 0
        self._only_truths = True

    def put(self, place: int, score: Score) -> None:
        """Note a score."""
        value = score.value
        if score.error is not None:
            self.errors += 1
            self.first_error = self.first_error or score.error
        if isinstance(value, str):
            if len(self.words) < _MOST_WORDS or value in self.words:
                self.words[value] += 1
            self.present += 1
            return
        if value is not None and not isinstance(value, bool):
            self._only_truths = False
        self.put_number(place, math.nan if value is None else float(value))

    def put_number(self, place: int, number: float) -> None:
        """Note a number at its place."""
        values = self.values
        missing = place - len(values)
        if missing > 0:
            values.extend([math.nan] * missing)
        if missing >= 0:
            values.append(number)
        else:
            values[place] = number
        if number == number:
            self.present += 1

    @property
    def kind(self) -> ScoreKind:
        """What the values are: as the scorer says, else as they look."""
        if self.info.kind is not None:
            return self.info.kind
        if self.words:
            return "text"
        return "binary" if self._only_truths and self.present else "number"

    @property
    def total(self) -> float:
        """The sum of what is there."""
        return math.fsum(value for value in self.values if value == value)

    @property
    def mean(self) -> float:
        """The mean over rows; NaN without any."""
        count = sum(1 for value in self.values if value == value)
        return self.total / count if count else math.nan


class VariantTable:
    """All scores of one variant, and what its answers cost."""

    def __init__(self, name: str, records: Records, repeats: int, scorers: Mapping[str, ScorerInfo]) -> None:
        self.name = name
        self.records = records
        self.repeats = repeats
        self.rows = 0
        self.failed = 0
        self.replayed = 0
        self.spent_usd = 0.0
        self.scorers_usd: dict[str, float] = {}
        self.columns: dict[str, Column] = {name: Column(info) for name, info in scorers.items()}
        self.measures: dict[str, Column] = {name: Column(ScorerInfo(name, "number", False)) for name in MEASURES}

    def add(self, row: ScoredRow, owners: Mapping[str, ScorerInfo]) -> None:
        """Count a row. ``owners`` says for each of its scores which scorer gave it."""
        place = row.index * self.repeats + row.repeat
        self.rows += 1
        self.failed += row.error is not None
        self._measure(place, row.measured, failed=row.error is not None)
        self.put_scores(place, row.scores, owners)

    def put_scores(self, place: int, scores: list[Score], owners: Mapping[str, ScorerInfo]) -> None:
        """Note the scores of a row."""
        for score in scores:
            column = self.columns.get(score.name)
            if column is None:
                column = self.columns[score.name] = Column(_owned(score.name, owners))
            column.put(place, score)

    def _measure(self, place: int, measured: Measured, *, failed: bool) -> None:
        if not measured.replayed:
            self.spent_usd += measured.cost_usd or 0.0  # an answer that cannot be read was paid too
        if failed:
            return
        for name, column in self.measures.items():
            value = getattr(measured, name)
            if value is not None:
                column.put_number(place, float(value))
        self.replayed += measured.replayed

    def pay_scorer(self, scorer: str, usd: float) -> None:
        """Note what a scorer has spent on the variant's rows; one that spends nothing is not noted."""
        if usd:
            self.scorers_usd[scorer] = self.scorers_usd.get(scorer, 0.0) + usd

    def drop_silent(self) -> None:
        """Forget the columns of scorers whose scores all bear other names (``NAME/PART``)."""
        for name in list(self.columns):
            column = self.columns[name]
            parts = any(other.startswith(f"{name}/") for other in self.columns)
            if parts and not column.present and not column.errors:
                del self.columns[name]

    def column(self, name: str) -> Column:
        """The column of a score or a measure. Raises NotFound, naming those that there are."""
        found = self.columns.get(name) or self.measures.get(name)
        if found is None:
            known = ", ".join([*self.columns, *MEASURES])
            raise NotFound(f"The variant {self.name!r} has no score {name!r}; it has {known}.")
        return found

    def matrix(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The numbers of a score: records × repeats, NaN where there is none."""
        import numpy as np

        made = np.full(len(self.records) * self.repeats, np.nan)
        values = self.column(name).values
        made[: len(values)] = np.frombuffer(values, dtype=np.float64) if len(values) else []
        return made.reshape(len(self.records), self.repeats)

    def missing(self, name: str) -> int:
        """How many of the variant's rows have no such score."""
        return self.rows - self.column(name).present

    def aggregates(self) -> dict[str, float]:
        """The metrics of the variant's run: means, missing scores, and sums of what was measured."""
        made: dict[str, float] = {}
        for name, column in self.columns.items():
            if column.kind != "text" and column.present:
                made[f"{name}/mean"] = column.mean
            made[f"{name}/missing"] = float(self.missing(name))
        for name, column in self.measures.items():
            if column.present:
                made[name] = column.total
        for name, usd in self.scorers_usd.items():
            made[f"{name}/cost_usd"] = usd
        if self.scorers_usd:
            made["scorers_usd"] = math.fsum(self.scorers_usd.values())
        latency = self.measures["latency_s"]
        if latency.present:
            made["latency_s/mean"] = latency.mean
        made["rows"] = float(self.rows)
        made["failed"] = float(self.failed)
        made["replayed"] = float(self.replayed)
        return made


def _owned(name: str, owners: Mapping[str, ScorerInfo]) -> ScorerInfo:
    owner = owners.get(name)
    if owner is None:
        return ScorerInfo(name)
    return msgspec.structs.replace(owner, name=name)
