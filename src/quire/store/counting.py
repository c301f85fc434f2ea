"""Feedback on an answer as an outcome of the trial that the answer belongs to, whoever gives it and by which way."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from quire.domain.assessments import Assessment
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.ids import now_ms
from quire.domain.outcome_checks import Countable
from quire.domain.trials import MEASURED, Outcome, Served
from quire.store.serving import ServingStore

ANSWER = "quire.response_id"
"""The key of an assessment's metadata that says which answer of its trace is judged."""
_MOST_SAID = 10_000
log = logging.getLogger("quire")


def count_feedback(serving: ServingStore, served: Served, name: str, value: Any) -> bool | None:
    """Whether this is the first feedback of its unit; None where no trial looks at it.

    What the server measures, and what a scorer says, is no business of feedback. InvalidInput for a value that is no
    number, or beyond the bounds of the metric.
    """
    if not (served.trial_id and served.arm and served.unit) or name in MEASURED:
        return None
    trial = serving.get_trial(served.trial_id)
    if all(metric.name != name or metric.scorer is not None for metric in trial.spec.metrics):
        return None
    outcome = Outcome(
        trial_id=trial.trial_id,
        metric=name,
        arm=served.arm,
        phase=served.phase,
        unit=served.unit,
        value=Countable(trial).number(name, value),
        at=now_ms(),
    )
    return serving.record_outcomes([outcome]) > 0


def judged(answers: Iterable[Served], assessment: Assessment) -> list[Served]:
    """Those of a trace's answers that feedback on the trace is about: of each trial the first, or the one it names."""
    named = assessment.metadata.get(ANSWER)
    found: dict[str | None, Served] = {}
    for answer in answers:
        if named is None or answer.response_id == named:
            found.setdefault(answer.trial_id, answer)
    return list(found.values())


class Tolerant:
    """Counts feedback that is stored whatever a trial makes of it; why one does not count is said once."""

    def __init__(self) -> None:
        self._said: set[tuple[str | None, str]] = set()

    def count(self, serving: ServingStore, answer: Served, assessment: Assessment) -> None:
        """Count feedback on an answer, if its trial looks at it and can count it."""
        name, feedback = assessment.assessment_name, assessment.feedback
        if feedback is None or feedback.value is None:
            return
        try:
            count_feedback(serving, answer, name, feedback.value)
        except NotFound:
            return
        except InvalidInput as error:
            self._say((answer.trial_id, name), assessment.trace_id, error)

    def _say(self, what: tuple[str | None, str], trace_id: str, error: InvalidInput) -> None:
        if what in self._said or len(self._said) >= _MOST_SAID:
            return
        self._said.add(what)
        log.warning(
            "Feedback on %s is stored and does not count in its trial: %s Further feedback %r that this trial cannot "
            "count is not logged.",
            trace_id,
            error.message,
            what[1],
        )
