"""Giving rows their scores: row by row as they come, many at once where scorers wait, or in batches."""

from __future__ import annotations

import concurrent.futures
import contextvars
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import Score, ScoredRow
from quire.evaluate.functions import in_order
from quire.evaluate.plan import VariantRow
from quire.evaluate.table import ScorerInfo
from quire.scorers.base import Scorer

_TRIED_ROWS = 8
_WAITS_S = 0.02
"""A row whose scorers wait so long on average, not computing, has others scored beside it."""


def scorer_info(scorer: Scorer) -> ScorerInfo:
    """What is kept of a scorer."""
    return ScorerInfo(scorer.name, scorer.kind, scorer.higher_is_better, scorer.fingerprint)


def asks_in_batches(scorer: Scorer) -> bool:
    """Whether a scorer takes many rows at once, as those do that ask a service."""
    return callable(getattr(scorer, "score_batch", None))


class Scoring:
    """The scorers that take a row at a time.

    ``context_of`` gives the context in which a variant's rows are scored: what scorers trace belongs to its run.
    """

    def __init__(
        self, scorers: Sequence[Scorer], at_once: int, context_of: Callable[[str], contextvars.Context]
    ) -> None:
        from quire.scorers.scoring import score

        self._score = score
        self._scorers = [(scorer, scorer_info(scorer)) for scorer in scorers]
        self._at_once = at_once
        self._context_of = context_of
        self._needs_trace = any("trace" in scorer.asks for scorer in scorers)
        self._tried = 0
        self._waited_s = 0.0
        self.owners: dict[str, ScorerInfo] = {}
        """Which scorer has given the scores of each name."""

    def scored(self, rows: Iterator[VariantRow]) -> Generator[VariantRow]:
        """The rows with their scores, in order. Rows without an answer get none."""
        for row in rows:
            yield self._timed(row)
            if self._tried >= _TRIED_ROWS and self._waited_s > _WAITS_S * self._tried:
                break
        else:
            return
        with concurrent.futures.ThreadPoolExecutor(self._at_once, "quire-score") as pool:
            pairs = ((name, (name, row)) for name, row in rows)
            yield from in_order(pairs, lambda item: pool.submit(self._row, item[1]), self._at_once)

    def _timed(self, named: VariantRow) -> VariantRow:
        began, busy = time.perf_counter(), time.thread_time()
        row = self._row(named)
        self._waited_s += (time.perf_counter() - began) - (time.thread_time() - busy)
        self._tried += 1
        return named[0], row

    def _row(self, named: VariantRow) -> ScoredRow:
        name, row = named
        if row.error is not None or not self._scorers:
            return row
        return self._context_of(name).copy().run(self._with_scores, row)

    def _with_scores(self, row: ScoredRow) -> ScoredRow:
        trace = self._trace(row.trace_id)
        scores: list[Score] = []
        for scorer, info in self._scorers:
            said = self._score(
                scorer,
                inputs=row.inputs,
                outputs=row.outputs,
                expectations=row.expectations,
                trace=trace,
                measured=row.measured,
            )
            for one in said:
                if self.owners.get(one.name) is not info:
                    self._claim(one.name, info)
            scores += said
        return msgspec.structs.replace(row, scores=scores)

    def _claim(self, name: str, info: ScorerInfo) -> None:
        claim(self.owners, name, info)

    def _trace(self, trace_id: str | None) -> Any:
        if trace_id is None or not self._needs_trace:
            return None
        from quire.tracing.stored import get_trace

        return get_trace(trace_id)


def claim(owners: dict[str, ScorerInfo], name: str, info: ScorerInfo) -> None:
    """Note which scorer gives the scores of a name. Raises InvalidInput if another one gives them too."""
    owner = owners.setdefault(name, info)
    if owner.name != info.name:
        raise InvalidInput(
            f"The scorers {owner.name!r} and {info.name!r} both give a score {name!r}; give one of them another name."
        )


def scored_in_batches(
    scorer: Scorer, read: Callable[[], Iterator[VariantRow]], owners: dict[str, ScorerInfo]
) -> Iterator[tuple[str, ScoredRow, list[Score]]]:
    """Each row with the scores that a scorer gives when it is asked for many at once.

    ``read`` opens the rows anew: the scorer reads them as far ahead as it likes, and memory does not grow.
    """
    from quire.scorers.base import score_rows

    info = scorer_info(scorer)
    given = score_rows(scorer, (row for _name, row in read()))
    for (name, row), scores in zip(read(), given, strict=True):
        kept = [] if row.error is not None else scores
        for one in kept:
            claim(owners, one.name, info)
        yield name, msgspec.structs.replace(row, scores=[*row.scores, *kept]), kept
