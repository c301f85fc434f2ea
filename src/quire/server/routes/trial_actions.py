"""Acting on a trial, with a reason that its record keeps: ``/api/quire/v1/trials/start`` and ``…/{trial_id}/VERB``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from quire import trials
from quire.domain.protojson import Message, Required
from quire.domain.trials import Allocation, Arm, Guardrail, RampStep, StoppingRule, TrialMetric
from quire.server.auth.asking import asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.unsigned import NOBODY
from quire.store.rest.wire.serving import TrialResponse
from quire.trials.access import acting, places_of

calls = Calls("quire", "v1", tag="Trials")
_TRIALS = "/api/quire/v1/trials"
_TRIAL = f"{_TRIALS}/{{trial_id}}"


class StartTrial(Message, frozen=True, kw_only=True):
    """``POST trials/start``: the control first; with a single arm the control is what serves now."""

    subject: Required
    arms: list[Arm]
    reason: Required
    metrics: list[TrialMetric] = msgspec.field(default_factory=list)
    stopping: StoppingRule | None = None
    allocation: Allocation = msgspec.field(default_factory=Allocation)
    guardrails: list[Guardrail] | None = None
    name: str = ""
    namespace: str | None = None
    holdout: float = 0.0
    ramp: list[RampStep] = msgspec.field(default_factory=list)
    max_arms: int | None = None

    @property
    def arm_uris(self) -> list[str]:
        """The models that it would answer with."""
        return [arm.model for arm in self.arms]

    @property
    def promotes(self) -> bool:
        """Whether it would move an alias by itself."""
        return self.stopping is not None and self.stopping.on_win == "promote"


class ActOnTrial(Message, frozen=True, kw_only=True):
    """``POST trials/{trial_id}/pause``, ``resume`` and ``stop``."""

    trial_id: Required
    reason: Required


class PromoteTrial(ActOnTrial, frozen=True, kw_only=True):
    """``POST trials/{trial_id}/promote``: the winner, or with ``force`` another arm, or one before there is any."""

    arm: str | None = None
    force: bool = False


class AddArm(ActOnTrial, frozen=True, kw_only=True):
    """``POST trials/{trial_id}/add-arm``: without a share it gets as much as the others on the average."""

    name: Required
    model: Required
    share: float | None = None

    @property
    def arm_uris(self) -> list[str]:
        """The models that it would answer with."""
        return [self.model]


class RemoveArm(ActOnTrial, frozen=True, kw_only=True):
    """``POST trials/{trial_id}/remove-arm``."""

    name: Required


@contextmanager
def _for_who_asks(context: Context) -> Iterator[None]:
    with acting(places_of(context.store, context.registry), asked_by() or NOBODY):
        yield


# Starting looks scorers up, and promoting weighs all evidence: each by steps that leave the store whole, in a thread
# that keeps nobody waiting who writes.
@calls.write("POST", f"{_TRIALS}/start", reads="files")
def start_trial(context: Context, request: StartTrial) -> TrialResponse:
    """Start a trial on what serves now: aliases become versions, and what is left out gets its usual value."""
    with _for_who_asks(context):
        trial = trials.start(
            request.subject,
            request.arms,
            request.metrics,
            request.stopping,
            allocation=request.allocation,
            guardrails=request.guardrails,
            name=request.name,
            namespace=request.namespace,
            holdout=request.holdout,
            ramp=request.ramp,
            max_arms=request.max_arms,
            reason=request.reason,
        )
    return TrialResponse(trial=trial)


@calls.write("POST", f"{_TRIAL}/promote", reads="files")
def promote_trial(context: Context, request: PromoteTrial) -> TrialResponse:
    """Move the alias that serves to the winner's version, now, and end the trial."""
    with _for_who_asks(context):
        trial = trials.promote(request.trial_id, request.reason, arm=request.arm, force=request.force)
    return TrialResponse(trial=trial)


@calls.write("POST", f"{_TRIAL}/pause")
def pause_trial(context: Context, request: ActOnTrial) -> TrialResponse:
    """Serve everybody the control until the trial is resumed."""
    with _for_who_asks(context):
        return TrialResponse(trial=trials.pause(request.trial_id, request.reason))


@calls.write("POST", f"{_TRIAL}/resume")
def resume_trial(context: Context, request: ActOnTrial) -> TrialResponse:
    """Let a paused trial go on."""
    with _for_who_asks(context):
        return TrialResponse(trial=trials.resume(request.trial_id, request.reason))


@calls.write("POST", f"{_TRIAL}/stop")
def stop_trial(context: Context, request: ActOnTrial) -> TrialResponse:
    """End a trial without a winner; what was counted stays."""
    with _for_who_asks(context):
        return TrialResponse(trial=trials.stop(request.trial_id, request.reason))


@calls.write("POST", f"{_TRIAL}/add-arm")
def add_trial_arm(context: Context, request: AddArm) -> TrialResponse:
    """Let another arm join a trial, from some seconds on."""
    said = request.model if request.share is None else (request.model, request.share)
    with _for_who_asks(context):
        return TrialResponse(trial=trials.add_arm(request.trial_id, request.name, said, request.reason))


@calls.write("POST", f"{_TRIAL}/remove-arm")
def remove_trial_arm(context: Context, request: RemoveArm) -> TrialResponse:
    """Take a challenger out of a trial; its keys go to the other arms."""
    with _for_who_asks(context):
        return TrialResponse(trial=trials.remove_arm(request.trial_id, request.name, request.reason))
