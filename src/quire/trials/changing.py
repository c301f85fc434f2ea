"""Changing a running trial: pause, resume, stop, add an arm. Of changes at once each is made on what the other left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.ids import now_ms
from quire.domain.names import check_text
from quire.domain.redaction import redact
from quire.domain.trials import AddedArm, Decision, Trial
from quire.store.serving import ServingStore
from quire.trials import following
from quire.trials.access import actor, here
from quire.trials.defining import ArmLike, read_arm
from quire.trials.events import noted, noted_as_decided
from quire.trials.homes import check_arm, home_of
from quire.trials.phases import shares_of, with_phase
from quire.trials.pinning import pinned
from quire.trials.subjects import read_subject

_TRIES = 20
Change = Callable[[Trial], Trial]


def change(store: ServingStore, trial_id: str, how: Change) -> Trial:
    """Change a trial as it is now; where another was faster, what that one left is changed.

    ``how`` gives the trial itself where there is nothing to do, and raises where it must not be done.
    """
    for attempt in range(_TRIES):
        trial = store.get_trial(trial_id)
        changed = how(trial)
        if changed is trial:
            return trial
        try:
            return store.update_trial(changed, expected=trial.revision)
        except InvalidState:
            if attempt == _TRIES - 1 or store.get_trial(trial_id).revision == trial.revision:
                raise
        finally:
            following.forget()
    raise AssertionError


def pause(trial: str | Trial, reason: str = "") -> Trial:
    """Serve everybody the control until :func:`resume`; nothing is counted meanwhile. InvalidState unless it runs."""
    said, by = _said(reason), actor()

    def paused(found: Trial) -> Trial:
        if found.state == "paused":
            return found
        _check_runs(found, "paused")
        return noted(msgspec.structs.replace(found, state="paused"), "paused", now_ms(), by=by, reason=said)

    return change(here().serving, id_of(trial), paused)


def resume(trial: str | Trial, reason: str = "") -> Trial:
    """Let a paused trial go on, each key with the arm that it had. InvalidState unless it is paused.

    One that was paused because units were lost begins to count anew, in a phase of its own: what was counted before
    stays in the store, and comparisons look at it no more.
    """
    said, by = _said(reason), actor()

    def resumed(found: Trial) -> Trial:
        if found.state == "running":
            return found
        if found.state != "paused":
            raise InvalidState(f"The trial {found.trial_id} is {found.state}, and only a paused one can be resumed.")
        going = noted(found, "resumed", now_ms(), by=by, reason=said)
        going = msgspec.structs.replace(going, state="running", decision=None)
        if found.decision is None:
            return going
        anew = with_phase(going, shares_of(found.phases[-1]), now_ms())
        return msgspec.structs.replace(anew, counted_from=anew.phases[-1].number)

    return change(here().serving, id_of(trial), resumed)


def stop(trial: str | Trial, reason: str = "") -> Trial:
    """End a trial without a winner; what was counted stays. InvalidState if it has ended, or is being promoted."""
    said, by = _said(reason), actor()

    def stopped(found: Trial) -> Trial:
        if found.state not in ("running", "paused"):
            raise InvalidState(f"The trial {found.trial_id} is {found.state} already; nothing was changed.")
        return ended(found, Decision(kind="stopped", said=said, by=by, at=now_ms()))

    return change(here().serving, id_of(trial), stopped)


def add_arm(trial: str | Trial, name: str, model: ArmLike, reason: str = "") -> Trial:
    """Let another arm join, from some seconds on; ``model`` is its URI, or (URI, share of the traffic).

    It is compared with the control of the time since it joined. Without a share it gets as much as the arms that are
    in on the average. InvalidState beyond ``max_arms``, by which the confidence was shared out at the start.
    """
    places, said, by = here(), _said(reason), actor()
    arm = read_arm(name, model)
    has_share = not isinstance(model, str | int)
    spec = places.serving.get_trial(id_of(trial)).spec
    subject = read_subject(spec.subject)
    joining = msgspec.structs.replace(arm, model=pinned(places, subject, arm.model))
    if spec.stopping.on_win == "promote":
        check_arm(home_of(places, subject), name, joining.model)

    def joined(found: Trial) -> Trial:
        known = {one.name: one for one in found.arms}
        if known.get(name) is not None and known[name].model == joining.model and name not in found.removed:
            return found
        _check_may_join(found, name)
        if found.state not in ("running", "paused"):
            raise InvalidState(f"The trial {found.trial_id} is {found.state}; no arm can join it.")
        grown = with_phase(found, _weights_with(found, name, joining.weight if has_share else None), now_ms())
        added = AddedArm(arm=joining, phase=grown.phases[-1].number)
        grown = noted(grown, "arm added", now_ms(), by=by, reason=said, arm=name)
        return msgspec.structs.replace(grown, added=[*found.added, added])

    return change(places.serving, id_of(trial), joined)


def remove_arm(trial: str | Trial, name: str, reason: str = "") -> Trial:
    """Take a challenger out; its keys go to the others. InvalidInput for the control, or the only challenger."""
    said, by = _said(reason), actor()

    def removed(found: Trial) -> Trial:
        if name in found.removed:
            return found
        _check_runs(found, "changed")
        decision = Decision(kind="stopped", winner=None, said=said, by=by, at=now_ms())
        return without_arm(found, name, decision)

    return change(here().serving, id_of(trial), removed)


def without_arm(trial: Trial, name: str, why: Decision) -> Trial:
    """The trial after an arm has left it. InvalidInput for the control, the only challenger, or no arm of it."""
    challengers = [arm.name for arm in trial.arms if arm.name not in trial.removed and arm.name != trial.spec.control]
    if name not in challengers:
        raise InvalidInput(f"{name!r} is no challenger in this trial; expected one of {', '.join(challengers)}.")
    if len(challengers) == 1:
        raise InvalidInput(f"{name!r} is the only challenger; stop the trial instead.")
    rest = {arm: share for arm, share in shares_of(trial.phases[-1]).items() if arm != name}
    left = noted_as_decided(with_phase(trial, rest, why.at), "arm removed", why, arm=name)
    return msgspec.structs.replace(left, removed={**trial.removed, name: why})


def ended(trial: Trial, decision: Decision) -> Trial:
    """The trial after its end."""
    over = noted_as_decided(trial, "ended", decision, arm=decision.winner)
    return msgspec.structs.replace(over, state="ended", decision=decision)


def _said(reason: str) -> str:
    return redact(check_text(reason, "The reason"))


def id_of(trial: str | Trial) -> str:
    """The id of a trial, given by its id or itself."""
    if isinstance(trial, Trial):
        return trial.trial_id
    text: Any = trial
    if not isinstance(text, str) or not text:
        raise InvalidInput(f"A trial is named by its id, not by {trial!r:.100}.")
    return text.removeprefix("trials:/")


def _check_runs(trial: Trial, what: str) -> None:
    if trial.state not in ("running", "paused"):
        raise InvalidState(f"The trial {trial.trial_id} is {trial.state}, so it cannot be {what}.")


def _check_may_join(trial: Trial, name: str) -> None:
    if any(arm.name == name for arm in trial.arms):
        raise InvalidInput(f"The trial has had an arm {name!r} already; give the new one another name.")
    most = most_arms(trial)
    if len(trial.arms) >= most:
        raise InvalidState(
            f"At most {most} arms take part in this trial, as was fixed when it started, and {len(trial.arms)} have. "
            "Start the next one with a larger max_arms."
        )


def most_arms(trial: Trial) -> int:
    """How many arms may ever take part."""
    return trial.spec.max_arms or len(trial.spec.arms)


def _weights_with(trial: Trial, name: str, share: float | None) -> dict[str, float]:
    """The shares with a new arm among them, whose share the others give up in proportion."""
    shares = shares_of(trial.phases[-1])
    own = 1 / (len(shares) + 1) if share is None else share
    if not 0 < own < 1:
        raise InvalidInput(f"The share of a new arm is {own!r}; expected a number between 0 and 1, such as 0.1.")
    return {**{arm: weight * (1 - own) for arm, weight in shares.items()}, name: own}
