"""Reading trials, and giving them outcomes from an application."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.assignment import Assignment, unit_of
from quire.domain.assignment import assign as assigned
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.outcome_checks import Countable
from quire.domain.trials import EXPOSED, Outcome, Trial, TrialState
from quire.store.current import get_tracking_uri
from quire.trials import memory
from quire.trials.access import here
from quire.trials.changing import id_of
from quire.trials.noting import flush
from quire.trials.results import TrialReport
from quire.trials.subjects import read_subject
from quire.trials.verdict import judge

STATES: tuple[TrialState, ...] = ("running", "paused", "deciding", "ended")
_PATIENCE_S = 5.0


def get(trial_id: str) -> Trial:
    """A trial by its id. NotFound."""
    return here().serving.get_trial(id_of(trial_id))


def search(
    subject_or_endpoint: str | None = None, *, state: TrialState | Sequence[TrialState] | None = None
) -> list[Trial]:
    """Trials, newest first: of an endpoint or prompt, in these states, or all. InvalidInput for an unknown state."""
    states = [] if state is None else [state] if isinstance(state, str) else list(state)
    unknown = [one for one in states if one not in STATES]
    if unknown:
        raise InvalidInput(f"There is no state {unknown[0]!r}; expected some of {', '.join(STATES)}.")
    subject = None if subject_or_endpoint is None else str(read_subject(subject_or_endpoint))
    return here().serving.list_trials(subject=subject, states=states)


def report(trial: str | Trial) -> TrialReport:
    """What is known of a trial now; it prints as tables. To look at it at any time changes nothing. NotFound."""
    flush(get_tracking_uri(), _PATIENCE_S, while_away=False)
    serving = here().serving
    found = serving.get_trial(id_of(trial))
    return judge(found, serving.tallies(found.trial_id), now_ms())


def assign(trial: str | Trial, key: str) -> Assignment | None:
    """The arm that a key is given now; None where it takes no part and gets the control. Nothing is counted."""
    found = here().serving.get_trial(id_of(trial))
    return assigned(found, _checked_key(key), now_ms())


def record(trial: str | Trial, key: str, metric: str, value: bool | float, *, at: int | None = None) -> bool:
    """Give the outcome of a key; whether it was counted.

    Only a key's first value of a metric counts, and none of a key that takes no part, or of a trial that is paused or
    has ended. It goes to the arm that this process gave to the key, else to the one that the key had at ``at`` (ms
    since the epoch), by default now. Raises InvalidInput for a metric that the trial has not, and a value beyond its
    bounds; NotFound.
    """
    serving = here().serving
    found = serving.get_trial(id_of(trial))
    countable = Countable(found)
    countable.check_metrics([metric])
    number = countable.number(metric, value)
    moment = now_ms()
    given = assigned(found, _checked_key(key), moment if at is None else at)
    given = (memory.recall(found.trial_id, key) or given) if given is not None else None
    if given is None:
        return False
    outcomes = [
        Outcome(
            trial_id=found.trial_id,
            metric=name,
            arm=given.arm,
            phase=given.phase,
            unit=unit_of(found.trial_id, key),
            value=value_of,
            at=moment,
        )
        for name, value_of in ((metric, number), (EXPOSED, 1.0))
    ]
    serving.record_outcomes(outcomes[1:])
    return serving.record_outcomes(outcomes[:1]) == 1


def _checked_key(key: object) -> str:
    if not isinstance(key, str) or not key:
        raise InvalidInput(f"key is {key!r:.60}; expected what assignment sticks to, such as the id of a user.")
    return key
