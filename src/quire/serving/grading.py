"""Scorers and judges on answers that were given: sampled, in threads of their own, never in a caller's way.

What they say is an outcome of the trial, and an assessment on the answer's trace. What finds no room in the queue is
dropped and counted: a sample is smaller then, and no less fair, because nothing about the arm decides it.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from quire.domain.errors import QuireError
from quire.domain.ids import now_ms
from quire.domain.redaction import redact
from quire.domain.scores import Score
from quire.domain.trials import Outcome, Trial, TrialMetric
from quire.serving import graders
from quire.serving.counting import FindTrial, arm_failed, served_of
from quire.serving.lately import Lately
from quire.serving.request import Done
from quire.serving.texts import answer_text, asked
from quire.store.rest.wire.feedback import GiveFeedback
from quire.trials.noting import Judged, Note, submit

MOST_WAITING = 1_000
MOST_BYTES = 64 * 1024 * 1024
"""What waits to be scored, at most: answers, and about how many bytes they take."""
THREADS = 2
log = logging.getLogger("quire.serving")


class Job(msgspec.Struct, frozen=True):
    """An answer to be scored for a unit of a trial; with ``before``, the difference to that answer."""

    trial_id: str
    metric: TrialMetric
    arm: str
    phase: int
    unit: str
    done: Done
    before: Done | None = None


class Grading:
    """An observer that has sampled answers scored, from :meth:`start` to :meth:`close`."""

    def __init__(
        self,
        uri: str,
        trial_of: FindTrial,
        *,
        experiment_of: Callable[[Done], str] = lambda done: "",
        keeps_content: Callable[[Done], bool] = lambda done: True,
        scorer_of: Callable[[TrialMetric], Any] | None = None,
        most_waiting: int = MOST_WAITING,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """``experiment_of`` names the experiment that has the trace of an answer; ``draw`` gives numbers below 1.

        ``keeps_content`` says whether what was asked and answered may be kept: reasons quote it.
        """
        self._uri = uri
        self._experiment_of = experiment_of
        self._keeps_content = keeps_content
        self._trial_of = trial_of
        self._scorer_of = scorer_of or graders.scorer_of
        self._queue: queue.Queue[Job | None] = queue.Queue(most_waiting)
        self._graded = Lately()
        self._lock = threading.Lock()
        self._weight_in = 0  # of what was taken; written by the event loop alone
        self._weight_out = 0
        self._draw = draw
        self._said: set[str] = set()
        self._threads: list[threading.Thread] = []
        self.dropped = 0

    def start(self) -> None:
        """Begin to score."""
        for number in range(THREADS):
            thread = threading.Thread(target=self._work, name=f"quire-grading-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self, timeout: float = 10.0) -> None:
        """Score what waits, for ``timeout`` seconds at most."""
        end = time.monotonic() + timeout
        for _ in self._threads:
            try:
                self._queue.put(None, timeout=max(0.0, end - time.monotonic()))
            except queue.Full:
                break
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def flush(self) -> None:
        """Wait until all that was taken is scored."""
        self._queue.join()

    # -- in the event loop -------------------------------------------------------------------------

    def __call__(self, done: Done, /) -> None:
        """Take an answer of an arm, if its trial has scorers and it is sampled."""
        given = done.given
        if given.trial_id is None or done.ending != "answered" or arm_failed(done):
            return
        trial = self._trial_of(given.trial_id)
        for metric in [] if trial is None else trial.spec.metrics:
            if metric.scorer is not None and self._draw() < metric.sample:
                self.take(Job(given.trial_id, metric, given.arm, given.phase, given.unit, done))

    def pair(self, trial: Trial, arm: str, unit: str, before: Done, done: Done) -> None:
        """Take two answers to one request, whose difference is the outcome."""
        for metric in trial.spec.metrics:
            if metric.scorer is not None and self._draw() < metric.sample:
                self.take(Job(trial.trial_id, metric, arm, trial.phases[-1].number, unit, done, before))

    def take(self, job: Job) -> None:
        """Queue a job, unless its unit was scored before, or there is no room."""
        place = (job.trial_id, job.metric.name, job.unit)
        if place in self._graded:
            return
        weight = _weight(job)
        if self._weight_in - self._weight_out + weight > MOST_BYTES:
            self._drop()
            return
        try:
            self._queue.put_nowait(job)
        except queue.Full:
            self._drop()
            return
        self._weight_in += weight
        self._graded.add(place)

    def _drop(self) -> None:
        self.dropped += 1
        if self.dropped & (self.dropped - 1) == 0:
            log.warning("%d answers are not scored so far: more come than scorers have time for.", self.dropped)

    # -- in the threads ----------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            try:
                if job is None:
                    return
                self._grade(job)
            except Exception:
                log.exception("An answer could not be scored")
            finally:
                with self._lock:
                    self._weight_out += 0 if job is None else _weight(job)
                self._queue.task_done()

    def _grade(self, job: Job) -> None:
        value = self._value(job, job.done)
        if job.before is not None:
            first = self._value(job, job.before)
            value = None if value is None or first is None else value - first
        if value is None:
            return
        low, high = job.metric.low, job.metric.high
        if (low is not None and value < low) or (high is not None and value > high):
            self._say(job.metric.name, f"said {value:g}, beyond the bounds of the metric; it does not count")
            return
        outcome = Outcome(
            trial_id=job.trial_id,
            metric=job.metric.name,
            arm=job.arm,
            phase=job.phase,
            unit=job.unit,
            value=value,
            at=now_ms(),
        )
        submit(self._uri, Note(outcomes=[outcome]))

    def _value(self, job: Job, done: Done) -> float | None:
        """What the scorer says of an answer, which its trace says from then on too; None for nothing."""
        from quire.scorers.scoring import score

        try:
            scorer = self._scorer_of(job.metric)
        except QuireError as error:
            self._say(job.metric.name, f"cannot be made: {error.message}")
            return None
        outputs = answer_text(done.ask.route if done.out is None else done.out.route, done.body)
        scores = score(scorer, inputs=asked(done), outputs=outputs)
        for said in scores:
            self._assess(done, job.metric, said, is_judge=hasattr(scorer, "spec"))
        found = next((one for one in scores if one.number == one.number), None)
        if found is None:
            failure = next((one.error for one in scores if one.error), None)
            if failure:
                self._say(job.metric.name, f"could not score an answer: {failure}")
            return None
        return found.number

    def _assess(self, done: Done, metric: TrialMetric, said: Score, *, is_judge: bool) -> None:
        """Have the answer's trace say it, once the store has the trace."""
        if not done.trace_id or said.value is None:
            return
        given = GiveFeedback(
            trace_id=done.trace_id,
            name=metric.name,
            value=said.value,
            rationale=redact(said.rationale) if self._keeps_content(done) else "",
            source="LLM_JUDGE" if is_judge else "CODE",
            source_id=metric.scorer or metric.name,
        )
        served = served_of(done, done.start_ns // 1_000_000, self._experiment_of(done))
        submit(self._uri, Note(judged=Judged(served, given)))

    def _say(self, what: str, said: str) -> None:
        """Say once what is wrong with a scorer."""
        text = f"{what} {said}"
        if text not in self._said and len(self._said) < 1_000:
            self._said.add(text)
            log.warning("The scorer of %s", text)


def _weight(job: Job) -> int:
    return sum(len(done.body) + len(done.ask.raw) for done in (job.done, job.before) if done is not None)
