"""Which version of a prompt a key is given: an application's A/B test without serving.

``prompts:/joker@trial`` stands for it. Where no trial runs, and for keys that take no part in one, it is what serves:
the control of the trial that runs, else the prompt's alias ``champion``, else ``production``, else its newest version.
"""

from __future__ import annotations

import msgspec

from quire.domain.assignment import Assignment, assign
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.prompt_uris import SCHEME, PromptUri, parse_prompt_uri
from quire.domain.trials import EXPOSED, Outcome, Served, Trial
from quire.store.base import Store
from quire.trials import memory
from quire.trials.following import trial_for, trials_on
from quire.trials.homes import PROMPT_ALIASES
from quire.trials.noting import Leaving, Note, bring_with_traces, submit
from quire.trials.tallying import FAILED

ALIAS = "trial"
"""The alias that stands for the version that a trial assigns."""


VERSION_TTL_S = {True: 60.0, False: 1.0}
"""Seconds for which a version, or what an alias is at, is not asked for again."""
TRIAL, ARM = "quire.trial", "quire.arm"
"""The keys of a trace's metadata that say which arm of which trial made it."""


class PromptGiven(msgspec.Struct, frozen=True):
    """The version that a key was given, and by which trial; without one it is what serves, which may be an alias."""

    uri: str
    trial: Trial | None = None
    assignment: Assignment | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether it is a version, which never changes, and no alias."""
        return parse_prompt_uri(self.uri).version is not None

    @property
    def is_control(self) -> bool:
        """Whether it is what serves, or the arm that others are compared with: nothing can serve in its stead."""
        return self.assignment is None or self.trial is None or self.assignment.arm == self.trial.spec.control

    @property
    def metadata(self) -> dict[str, str]:
        """What a trace says of it."""
        if self.trial is None or self.assignment is None:
            return {}
        return {TRIAL: self.trial.trial_id, ARM: self.assignment.arm}


def trial_prompt(store: Store, registry: Store, name_or_uri: object, key: object, namespace: str | None) -> PromptGiven:
    """What ``prompts:/NAME@trial`` is for a key. InvalidInput for a key with another URI, and for no key."""
    name = _name(name_or_uri)
    if not isinstance(key, str) or not key:
        raise InvalidInput(f"key is {key!r:.60}; expected what assignment sticks to, such as the id of a user.")
    trial = trial_for(trials_on(store, f"{SCHEME}{name}"), namespace)
    if trial is None:
        return PromptGiven(_serving(registry, name))
    assignment = assign(trial, key, now_ms())
    if assignment is None:
        return PromptGiven(trial.arms[0].model, trial)
    models = {arm.name: arm.model for arm in trial.arms}
    return PromptGiven(models[assignment.arm], trial, assignment)


def is_trial_uri(name_or_uri: object) -> bool:
    """Whether a URI is ``prompts:/NAME@trial``."""
    return isinstance(name_or_uri, str) and name_or_uri.startswith(SCHEME) and name_or_uri.endswith(f"@{ALIAS}")


def _name(name_or_uri: object) -> str:
    if not is_trial_uri(name_or_uri):
        raise InvalidInput(
            f"A key was given with {name_or_uri!r:.100}; expected {SCHEME}NAME@{ALIAS}, which a trial decides."
        )
    return parse_prompt_uri(str(name_or_uri)).name


def _serving(registry: Store, name: str) -> str:
    aliases = registry.get_registered_model(name).aliases
    alias = next((one for one in PROMPT_ALIASES if one in aliases), "latest")
    return str(PromptUri(name, alias=alias))


def note_failure(uri: str, given: PromptGiven) -> PromptGiven:
    """Count that an arm's version could not be had, in the background; what serves in its stead.

    The key leaves the comparison, as where an arm of an endpoint fails.
    """
    trial, assignment = given.trial, given.assignment
    assert trial is not None
    assert assignment is not None
    failed = msgspec.structs.replace(_exposed(trial, assignment), metric=FAILED)
    own = [metric.name for metric in trial.spec.metrics if metric.name != FAILED]
    leaving = [Leaving(trial.trial_id, assignment.unit, own)] if own else []
    submit(uri, Note(outcomes=[_exposed(trial, assignment), failed], leaving=leaving))
    return PromptGiven(trial.arms[0].model, trial)


def note_exposure(uri: str, given: PromptGiven, key: str, trace_id: str | None) -> None:
    """Count the key as exposed, for the store of ``uri``, in the background; with a trace, feedback on it finds it."""
    trial, assignment = given.trial, given.assignment
    if trial is None or assignment is None:
        return
    is_new = memory.remember(trial.trial_id, key, assignment)
    served = [] if trace_id is None else [_served(trial, assignment, trace_id)]
    exposed = [_exposed(trial, assignment)] if is_new else []
    if served:
        bring_with_traces()
    if served or exposed:
        submit(uri, Note(served, exposed))


def _served(trial: Trial, assignment: Assignment, trace_id: str) -> Served:
    return Served(
        response_id="",
        trace_id=trace_id,
        endpoint=trial.spec.subject,
        at=now_ms(),
        trial_id=trial.trial_id,
        arm=assignment.arm,
        phase=assignment.phase,
        unit=assignment.unit,
    )


def _exposed(trial: Trial, assignment: Assignment) -> Outcome:
    return Outcome(
        trial_id=trial.trial_id,
        metric=EXPOSED,
        arm=assignment.arm,
        phase=assignment.phase,
        unit=assignment.unit,
        value=1.0,
        at=now_ms(),
    )
