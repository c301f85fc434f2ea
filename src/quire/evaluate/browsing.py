"""A stored evaluation that is looked at: its numbers in memory, its rows found in their files one by one."""

from __future__ import annotations

import shutil
import tempfile
from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoredRow
from quire.evaluate.agreeing import contradicted
from quire.evaluate.asked import BY_PEOPLE, Asked
from quire.evaluate.comparison import Comparison, averages_of, compare_tables
from quire.evaluate.disagreement import disagreements, main_pair
from quire.evaluate.evaluation import Evaluation
from quire.evaluate.people import Answer, People, read_people
from quire.evaluate.ranking import Ranking
from quire.evaluate.rating import own_trace_id
from quire.evaluate.table import VariantTable

T = TypeVar("T")
Key = tuple[object, ...]
_REMEMBERED = 32
_decode = msgspec.json.Decoder(ScoredRow).decode


class _Place(msgspec.Struct):
    index: int
    repeat: int = 0
    error: str | None = None
    trace_id: str | None = None


class Looked(msgspec.Struct, frozen=True):
    """Places of records in their order, and how far the two variants disagree on each that they differ on."""

    places: Sequence[int]
    disagreement: dict[int, float]


class RowFile:
    """The rows of one variant: where each begins in the file, and its trace, by record and repeat."""

    def __init__(self, path: Path, repeats: int) -> None:
        self._path = path
        self._repeats = repeats
        self._starts = array("q")
        self.failed: set[int] = set()
        self.traces: dict[int, str] = {}
        read = msgspec.json.Decoder(_Place).decode
        start = 0
        with path.open("rb") as file:
            for line in file:
                found = read(line)
                self._put(found.index * repeats + found.repeat, start)
                if found.error is not None:
                    self.failed.add(found.index)
                if found.trace_id is not None:
                    self.traces[found.index * repeats + found.repeat] = found.trace_id
                start += len(line)

    def _put(self, place: int, start: int) -> None:
        while len(self._starts) <= place:
            self._starts.append(-1)
        self._starts[place] = start

    def rows(self, index: int) -> list[ScoredRow]:
        """The answers to a record, one for each repeat that is there."""
        found = []
        with self._path.open("rb") as file:
            for place in range(index * self._repeats, (index + 1) * self._repeats):
                if place < len(self._starts) and self._starts[place] >= 0:
                    file.seek(self._starts[place])
                    found.append(_decode(file.readline()))
        return found

    def places(self) -> Iterator[int]:
        """Record × repeats + repeat, of each row that is there."""
        return (place for place, start in enumerate(self._starts) if start >= 0)

    def row(self, index: int, repeat: int) -> ScoredRow | None:
        """One answer to a record."""
        place = index * self._repeats + repeat
        if place >= len(self._starts) or self._starts[place] < 0:
            return None
        with self._path.open("rb") as file:
            file.seek(self._starts[place])
            return _decode(file.readline())

    def having(self, text: str) -> set[int]:
        """The records whose rows hold a text."""
        wanted = text.casefold()
        found = set()
        with self._path.open("rb") as file:
            for line in file:
                row = _decode(line)
                if row.index not in found and any(wanted in part.casefold() for part in _texts(row)):
                    found.add(row.index)
        return found


def _texts(row: ScoredRow) -> list[str]:
    """What people would look for in a row."""
    said = [row.inputs, row.expectations, row.outputs]
    texts = [one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in said if one is not None]
    return [*texts, row.error or "", *(score.rationale for score in row.scores)]


def _people_now(browsed: Browsed) -> People:
    return browsed.read_people()


class Browsed:
    """An evaluation with its rows at hand. Safe to use from several threads; ``close`` removes what was fetched."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._folder: Path | None = None
        self._files: dict[str, RowFile] = {}
        self._looked: OrderedDict[Key, Looked] = OrderedDict()
        self._compared: OrderedDict[Key, Comparison] = OrderedDict()
        self._pairs: OrderedDict[Key, tuple[str, str]] = OrderedDict()
        self._ranked: OrderedDict[Key, Ranking] = OrderedDict()
        self._lock = Lock()

    def close(self) -> None:
        """Remove the files that were fetched."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def size(self) -> int:
        """How many numbers it holds in memory."""
        tables = [self.evaluation.table(name) for name in self.evaluation.variants]
        columns = [column for table in tables for column in (*table.columns.values(), *table.measures.values())]
        return sum(len(column.values) for column in columns)

    def pair(self, a: str | None = None, b: str | None = None) -> tuple[str, str]:
        """The variants that are compared, those left out chosen by :func:`quire.evaluate.disagreement.main_pair`."""
        if a is not None and b is not None:
            return a, b
        key: Key = ("pair", a, b)
        known = self._pairs.get(key)
        if known is None:
            first, second, _ranking = main_pair(self.evaluation, a, b)
            known = first, second
            self._keep(self._pairs, key, known)
        return known

    def rank(self, score: str | None, baseline: str | None, confidence: float) -> Ranking:
        """See :meth:`Evaluation.ranking`; by the first primary score where none is named."""
        name = score or self._first_score()
        key: Key = (name, baseline, confidence)
        known = self._ranked.get(key)
        if known is None:
            known = self.evaluation.ranking(name, baseline, confidence=confidence)
            self._keep(self._ranked, key, known)
        return known

    def compare(self, a: VariantTable, b: VariantTable, *, confidence: float, other: str = "") -> Comparison:
        """``b`` of this evaluation against ``a``, of this one or (then ``other`` is its run) of another."""
        key = (other, a.name, b.name, confidence)
        known = self._compared.get(key)
        if known is None:
            primary = [name for name in self.evaluation.settings.primary if name in a.columns and name in b.columns]
            seed = self.evaluation.settings.seed
            known = compare_tables(a, b, confidence=confidence, primary=primary, seed=seed)
            self._keep(self._compared, key, known)
        return known

    def rows(self, variant: str, index: int) -> list[ScoredRow]:
        """A variant's answers to a record, by its place."""
        return self._file(variant).rows(index)

    def _file(self, variant: str) -> RowFile:
        with self._lock:
            known = self._files.get(variant)
            if known is None:
                if self._folder is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="quire-rows-"))
                own = self._folder / str(len(self._files))
                own.mkdir(exist_ok=True)
                path = self.evaluation.fetch_rows(variant, own)
                known = self._files[variant] = RowFile(path, self.evaluation.repeats)
            return known

    def read_people(self, experiments: Collection[str] | None = None) -> People:
        """What people say of the answers by now, on traces of these experiments (of any, without)."""
        return read_people(self.evaluation.client.store, self._traces(), experiments)

    def _traces(self) -> Iterator[tuple[Answer, str]]:
        """Each answer with its trace; with that which judging it has made or would make, where it has no other."""
        run_id, repeats, ids = self.evaluation.run_id, self.evaluation.repeats, self.evaluation.record_ids
        for name in self.evaluation.variants:
            file = self._file(name)
            for place in file.places():
                index, repeat = divmod(place, repeats)
                trace_id = file.traces.get(place) or own_trace_id(run_id, name, ids[index], repeat)
                yield Answer(name, index, repeat), trace_id

    def row_of(self, answer: Answer) -> ScoredRow | None:
        """The row of an answer."""
        return self._file(answer.variant).row(answer.index, answer.repeat)

    def look(
        self,
        asked: Asked,
        b: VariantTable,
        a: VariantTable | None,
        other: Browsed | None = None,
        *,
        people: Callable[[Browsed], People] = _people_now,
    ) -> Looked:
        """The records that were asked for, as places in this evaluation. ``a`` may be of another evaluation.

        ``people`` tells what people say of an evaluation's answers, by default what the store has now.
        """
        said = (people(self), people(other or self)) if asked.outcome in BY_PEOPLE else None
        stamps = None if said is None else tuple(one.stamp for one in said)
        key = (asked, b.name, None if a is None else a.name, "" if other is None else other.evaluation.run_id, stamps)
        known = self._looked.get(key)
        if known is None:
            known = self._look(asked, b, a, other, said)
            self._keep(self._looked, key, known)
        return known

    def _keep(self, kept: OrderedDict[Key, T], key: Key, value: T) -> None:
        with self._lock:
            kept[key] = value
            while len(kept) > _REMEMBERED:
                kept.popitem(last=False)

    def _look(
        self,
        asked: Asked,
        b: VariantTable,
        a: VariantTable | None,
        other: Browsed | None,
        said: tuple[People, People] | None,
    ) -> Looked:
        places: list[int] = list(range(len(b.records)))
        apart: dict[int, float] = {}
        if a is not None:
            if a.records is not b.records:
                known = set(a.records.ids)
                places = [place for place in places if b.records.ids[place] in known]
            apart = disagreements(a, b, self._scores(asked, a, b))
        if asked.differing:
            places = [place for place in places if place in apart]
        if asked.outcome is not None:
            kept = self._outcomes(asked, a, b, other) if said is None else self._by_people(asked, a, b, other, said)
            places = [place for place in places if place in kept]
        if asked.text:
            kept = self._having(asked.text, a, b, other)
            places = [place for place in places if place in kept]
        if asked.order == "disagreement" and a is not None:
            places.sort(key=lambda place: -apart.get(place, 0.0))
        elif asked.order == "worst":
            self._by_score(places, b, asked.score or self._first_score())
        return Looked(array("q", places), apart)

    def _scores(self, asked: Asked, a: VariantTable, b: VariantTable) -> list[str]:
        names = [name for name in a.columns if name in b.columns] if asked.score is None else [asked.score]
        return [name for name in names if "text" not in (a.column(name).kind, b.column(name).kind)]

    def _first_score(self) -> str:
        first = next(iter(self.evaluation.primary_of()), None)
        if first is None:
            tables = [self.evaluation.table(name) for name in self.evaluation.variants]
            numbers = (name for name in self.evaluation.score_names if all(_is_number(one, name) for one in tables))
            first = next(numbers, None)
        if first is None:
            raise InvalidInput("The evaluation has no score that is a number; order its rows by record.")
        return first

    def _by_score(self, places: list[int], b: VariantTable, score: str) -> None:
        """The worst first; records without a score before them, since something went wrong there."""
        values = list(averages_of(b, score).values())
        sign = 1 if b.column(score).info.higher_is_better else -1
        places.sort(
            key=lambda place: (
                values[place] == values[place],
                sign * values[place] if values[place] == values[place] else 0.0,
            )
        )

    def _outcomes(self, asked: Asked, a: VariantTable | None, b: VariantTable, other: Browsed | None) -> set[int]:
        if asked.outcome == "failed":
            return self._failed(a, b, other)
        score = asked.score or self._first_score()
        sign = 1 if b.column(score).info.higher_is_better else -1
        first, second = {} if a is None else averages_of(a, score), averages_of(b, score)
        found = set()
        for place, record_id in enumerate(b.records.ids):
            gain = sign * (second[record_id] - (first.get(record_id, 0.0) if a is not None else 0.0))
            said = "missing" if gain != gain else "better" if gain > 0 else "worse" if gain < 0 else "tied"
            if said == asked.outcome:
                found.add(place)
        return found

    def _by_people(
        self, asked: Asked, a: VariantTable | None, b: VariantTable, other: Browsed | None, said: tuple[People, People]
    ) -> set[int]:
        found = self._judged(asked, b, said[0])
        if a is not None:
            found |= self._own_places(a, b, (other or self)._judged(asked, a, said[1]))
        return set(range(len(b.records))) - found if asked.outcome == "unjudged" else found

    def _judged(self, asked: Asked, table: VariantTable, people: People) -> set[int]:
        """The records of whose answers people say something, or something else than the score."""
        if asked.outcome == "contradicted":
            answers: Collection[Answer] = contradicted(
                self.evaluation,
                people,
                self.row_of,
                question=asked.question,
                scorer=asked.score,
                good_from=asked.good_from,
            )
        else:
            answers = [one for one, said in people.said.items() if asked.question is None or asked.question in said]
        return {one.index for one in answers if one.variant == table.name}

    def _failed(self, a: VariantTable | None, b: VariantTable, other: Browsed | None) -> set[int]:
        found = set(self._file(b.name).failed)
        if a is not None:
            found |= self._own_places(a, b, (other or self)._file(a.name).failed)
        return found

    def _having(self, text: str, a: VariantTable | None, b: VariantTable, other: Browsed | None) -> set[int]:
        found = self._file(b.name).having(text)
        if a is not None:
            found |= self._own_places(a, b, (other or self)._file(a.name).having(text))
        return found

    @staticmethod
    def _own_places(a: VariantTable, b: VariantTable, places: set[int]) -> set[int]:
        """Places of records in ``a`` as places in ``b``."""
        if a.records is b.records:
            return places
        wanted = {a.records.ids[place] for place in places}
        return {place for place, record_id in enumerate(b.records.ids) if record_id in wanted}


def _is_number(table: VariantTable, name: str) -> bool:
    return name in table.columns and table.columns[name].kind != "text"
