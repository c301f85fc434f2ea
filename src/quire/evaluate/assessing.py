"""Scores as assessments of the traces of their answers, written in batches by a thread beside the evaluation."""

from __future__ import annotations

import hashlib
import logging
import queue
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.assessments import (
    SOURCE_RUN,
    Assessment,
    AssessmentError,
    AssessmentSource,
    Feedback,
    check_assessment,
    expectation_of,
)
from quire.domain.errors import InvalidInput
from quire.domain.scores import Score, ScoredRow
from quire.evaluate.spool import plain
from quire.evaluate.table import ScorerInfo
from quire.scorers.base import Scorer
from quire.store.current import open_uri
from quire.tracking.origin import user

EVALUATION = "quire.evaluation.run_id"
"""The key of an assessment's metadata that names the run of the evaluation; the variant's run is the source run."""
_ROWS = 200
_WAITING_BATCHES = 50
"""Batches that may wait for the store before the evaluation does."""
_LATER = 4
"""Batches after which those whose traces were still on their way are tried again."""
_LATE_ROWS = 10_000
"""Rows whose traces may be on their way before they are waited for."""
_LONGEST_WAIT_S = 60.0
_MAX_ERROR = 2000

log = logging.getLogger("quire")


class Assessed(msgspec.Struct, frozen=True):
    """What is to be written about one answer."""

    variant: str
    trace_id: str
    scores: list[tuple[Score, str]]
    """Each with the name of the scorer that gave it."""
    expectations: Mapping[str, Any] | None = None
    own_trace: bool = True
    """Whether the evaluation made the trace; others may have expectations already."""


class Assessing:
    """Writes the scores of rows that have a trace, and what was expected, to the store of the evaluation.

    ``add`` only puts them in a queue. Written again, as by an evaluation that is gone on with, they replace
    themselves: an assessment's id follows from run, trace, and name. A store that fails is said in the log, once; the
    scores are in the rows anyway.
    """

    def __init__(self, uri: str, run_id: str, run_ids: Mapping[str, str], scorers: Iterable[Scorer]) -> None:
        self._uri = uri
        self._run_id = run_id
        self._run_ids = run_ids
        self._sources = {scorer.name: source_of(scorer) for scorer in scorers}
        self._batch: list[Assessed] = []
        self._batches: queue.Queue[list[Assessed] | None] = queue.Queue(_WAITING_BATCHES)
        self._thread: threading.Thread | None = None
        self._waiting: deque[list[Assessed]] = deque()
        self._late: list[Assessed] = []
        self._lost: set[str] = set()
        self._failure: Exception | None = None

    def add(
        self,
        variant: str,
        row: ScoredRow,
        scores: Sequence[Score],
        owners: Mapping[str, ScorerInfo],
        *,
        first: bool,
        own_trace: bool = True,
    ) -> None:
        """Have scores of a row written, the first time with what was expected. Nothing for a row without a trace."""
        if row.trace_id is None or not (scores or (first and row.expectations)):
            return
        said = [(one, owners[one.name].name if one.name in owners else one.name) for one in scores]
        expected = row.expectations if first else None
        self._batch.append(Assessed(variant, row.trace_id, said, expected, own_trace))
        if len(self._batch) >= _ROWS:
            self._send()

    def finish(self) -> None:
        """Write what is left, and wait for it."""
        if self._batch:
            self._send()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._batches.put(None)
        thread.join()
        if self._failure is not None:
            log.warning("Scores could not be written as assessments of their traces: %s", self._failure)
        elif self._lost:
            log.warning(
                "%d traces of the evaluation are not in the store (sampled out, dropped, or sent elsewhere), so their "
                "scores are in its rows alone.",
                len(self._lost),
            )

    def _send(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="quire-assess", daemon=True)
            self._thread.start()
        self._batches.put(self._batch)
        self._batch = []

    # -- in the thread -------------------------------------------------------------------------------

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            self._guarded(batch)
        self._guarded(None)

    def _guarded(self, batch: list[Assessed] | None) -> None:
        """Do one step, unless the store failed before; what comes after is taken from the queue all the same."""
        if self._failure is not None:
            return
        try:
            if batch is None:
                self._end()
            else:
                self._step(batch)
        except Exception as error:
            self._failure = error

    def _step(self, batch: list[Assessed]) -> None:
        """Write a batch; what lacks its traces is tried again a few batches later, and then at the end."""
        self._waiting.append(self._write(batch))
        if len(self._waiting) > _LATER:
            self._late += self._write(self._waiting.popleft())
        if len(self._late) > _LATE_ROWS:
            self._bring()
            self._lost.update(one.trace_id for one in self._write(self._late))
            self._late = []

    def _end(self) -> None:
        late = [*self._late, *(one for batch in self._waiting for one in batch)]
        if late:
            self._bring()
        for start in range(0, len(late), _ROWS):
            self._lost.update(one.trace_id for one in self._write(late[start : start + _ROWS]))

    def _write(self, batch: list[Assessed]) -> list[Assessed]:
        """Write what is said of answers; returned are those whose traces are not there."""
        if not batch:
            return []
        store = open_uri(self._uri)
        known = self._expected_already(batch)
        made = {one.assessment_id: one for answer in batch for one in self._assessments(answer, known) if _fits(one)}
        lacking = store.log_assessments(list(made.values()))
        self._link([answer for answer in batch if not answer.own_trace and answer.trace_id not in lacking])
        return [answer for answer in batch if answer.trace_id in lacking]

    def _bring(self) -> None:
        """Wait until the store has the traces that have ended."""
        if "quire.tracing" in sys.modules:
            from quire.tracing.exporter import bring

            bring(self._uri, _LONGEST_WAIT_S)

    def _expected_already(self, batch: Sequence[Assessed]) -> set[tuple[str, str]]:
        """The expectations, by trace and name, of traces that were there before the evaluation."""
        others = [one.trace_id for one in batch if one.expectations and not one.own_trace]
        if not others:
            return set()
        infos = open_uri(self._uri).get_trace_infos(list(dict.fromkeys(others)))
        return {
            (info.trace_id, one.assessment_name)
            for info in infos
            for one in info.assessments
            if one.expectation is not None
        }

    def _link(self, others: Sequence[Assessed]) -> None:
        """Make traces that were there before found by the run of the variant that scored them."""
        by_run: dict[str, list[str]] = {}
        for one in others:
            by_run.setdefault(self._run_ids[one.variant], []).append(one.trace_id)
        for run_id, trace_ids in by_run.items():
            for start in range(0, len(trace_ids), 100):
                open_uri(self._uri).link_traces_to_run(trace_ids[start : start + 100], run_id)

    def _assessments(self, answer: Assessed, known: set[tuple[str, str]]) -> Iterator[Assessment]:
        run_id = self._run_ids[answer.variant]
        metadata = {SOURCE_RUN: run_id, EVALUATION: self._run_id}
        for score, scorer in answer.scores:
            if score.number != score.number and not isinstance(score.value, str) and score.error is None:
                continue  # it had nothing to say
            yield Assessment(
                assessment_id=_id(run_id, answer.trace_id, score.name),
                assessment_name=score.name,
                trace_id=answer.trace_id,
                source=self._sources.get(scorer) or AssessmentSource(source_type="CODE", source_id=scorer),
                feedback=_feedback(score),
                rationale=score.rationale,
                metadata={**score.metadata, **metadata},
            )
        for name, value in (answer.expectations or {}).items():
            if (answer.trace_id, name) not in known and value is not None:
                yield Assessment(
                    assessment_id=_id("expectation", answer.trace_id, name),
                    assessment_name=name,
                    trace_id=answer.trace_id,
                    source=AssessmentSource(source_type="HUMAN", source_id=user()),
                    expectation=expectation_of(msgspec.to_builtins(value, enc_hook=plain, str_keys=True)),
                    metadata=dict(metadata),
                )


def _fits(assessment: Assessment) -> bool:
    """Whether a store takes an assessment; a name or value that is too long for it stays in the rows alone."""
    try:
        check_assessment(assessment)
    except InvalidInput as error:
        log.warning("A score is not written as an assessment: %s", error)
        return False
    return True


def source_of(scorer: Scorer) -> AssessmentSource:
    """Who judges: the model that a judge asks, else the code of a scorer, by its name."""
    model = getattr(scorer, "model", None)
    if _is_judge(scorer):
        return AssessmentSource(source_type="LLM_JUDGE", source_id=str(model)[:250])
    return AssessmentSource(source_type="CODE", source_id=scorer.name[:250])


def _is_judge(scorer: Scorer) -> bool:
    judges = sys.modules.get("quire.judges.judge")
    return judges is not None and isinstance(scorer, judges.Judge)


def _feedback(score: Score) -> Feedback:
    if score.error is None:
        return Feedback(value=score.value)
    error = AssessmentError(error_code="SCORER_ERROR", error_message=score.error[:_MAX_ERROR])
    return Feedback(value=score.value, error=error)


def _id(*parts: str) -> str:
    """An assessment's id: the same for the same, whenever it is written."""
    return f"a-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"
