"""Messages about what serving keeps: endpoints, trials, answers, outcomes, deployments, below ``/api/quire/v1``."""

from __future__ import annotations

import msgspec

from quire.domain.endpoints import Deployment, Endpoint
from quire.domain.protojson import Int64, Message, Required
from quire.domain.trials import Outcome, PrunedNotes, Served, Tally, Trial, TrialSpec, TrialState


class OfEndpoint(Message, frozen=True, kw_only=True):
    """``GET endpoints/{name}``."""

    name: Required


class PutEndpoint(OfEndpoint, frozen=True, kw_only=True):
    """``PUT endpoints/{name}``; ``expected`` is the revision that it replaces, 0 for none.

    The audit log keeps the ``reason``.
    """

    endpoint: Endpoint
    expected: Int64 | None = None
    reason: str = ""

    @property
    def model_uris(self) -> list[str]:
        """The models that it would answer with."""
        return [self.endpoint.model, *(shadow.model for shadow in self.endpoint.shadows)]


class DeleteEndpoint(OfEndpoint, frozen=True, kw_only=True):
    """``DELETE endpoints/{name}``; the audit log keeps the ``reason``."""

    reason: str = ""


class EndpointResponse(Message, frozen=True, kw_only=True):
    """An endpoint."""

    endpoint: Endpoint


class EndpointsResponse(Message, frozen=True, kw_only=True):
    """All endpoints, by name."""

    endpoints: list[Endpoint] = msgspec.field(default_factory=list)


class CreateTrial(Message, frozen=True, kw_only=True):
    """``POST trials``."""

    spec: TrialSpec
    created_by: str = ""
    reason: str = ""

    @property
    def arm_uris(self) -> list[str]:
        """The models that it would answer with."""
        return [arm.model for arm in self.spec.arms]

    @property
    def promotes(self) -> bool:
        """Whether it would move an alias by itself."""
        return self.spec.stopping.on_win == "promote"


class OfTrial(Message, frozen=True, kw_only=True):
    """``GET trials/{trial_id}`` and ``trials/{trial_id}/tallies``."""

    trial_id: Required


class PutTrial(OfTrial, frozen=True, kw_only=True):
    """``PUT trials/{trial_id}``; ``expected`` is the revision that it replaces."""

    trial: Trial
    expected: Int64

    @property
    def arm_uris(self) -> list[str]:
        """The models of arms that joined it; those of its definition were asked about when it started."""
        return [joined.arm.model for joined in self.trial.added]

    @property
    def promotes(self) -> bool:
        """Whether it would move an alias by itself."""
        return self.trial.spec.stopping.on_win == "promote"


class ListTrials(Message, frozen=True, kw_only=True):
    """``GET trials``: of a subject, in these states."""

    subject: str | None = None
    states: list[TrialState] = msgspec.field(default_factory=list)


class TrialResponse(Message, frozen=True, kw_only=True):
    """A trial."""

    trial: Trial


class TrialsResponse(Message, frozen=True, kw_only=True):
    """Trials, newest first."""

    trials: list[Trial] = msgspec.field(default_factory=list)


class TalliesResponse(Message, frozen=True, kw_only=True):
    """What has been counted in a trial."""

    tallies: list[Tally] = msgspec.field(default_factory=list)


class RecordServed(Message, frozen=True, kw_only=True):
    """``POST served``."""

    served: list[Served] = msgspec.field(default_factory=list)

    @property
    def endpoints(self) -> list[str]:
        """The endpoints that gave these answers."""
        return [one.endpoint for one in self.served]


class OfServed(Message, frozen=True, kw_only=True):
    """``GET served``: an answer by its own id or its trace's."""

    answer_id: Required


class ServedResponse(Message, frozen=True, kw_only=True):
    """An answer that was given."""

    served: Served


class PruneNotes(Message, frozen=True, kw_only=True):
    """``POST served/prune``: notes without a trace, of answers given at ``before_ms`` or earlier, in parts."""

    experiment_ids: list[str]
    before_ms: Int64
    after: Int64 = 0


class PrunedNotesResponse(Message, frozen=True, kw_only=True):
    """What was deleted, and where to go on."""

    pruned: PrunedNotes


class RecordOutcomes(Message, frozen=True, kw_only=True):
    """``POST outcomes``."""

    outcomes: list[Outcome] = msgspec.field(default_factory=list)

    @property
    def trial_ids(self) -> list[str]:
        """The trials that these are of."""
        return [one.trial_id for one in self.outcomes]


class OutcomesResponse(Message, frozen=True, kw_only=True):
    """How many outcomes were counted: those of which there was none yet."""

    counted: Int64 = 0


class DropOutcomes(OfTrial, frozen=True, kw_only=True):
    """``POST trials/{trial_id}/drop-outcomes``."""

    unit: Required
    metrics: list[str] = msgspec.field(default_factory=list)


class RecordDeployment(Message, frozen=True, kw_only=True):
    """``POST deployments``."""

    deployment: Deployment


class DeploymentResponse(Message, frozen=True, kw_only=True):
    """A deployment."""

    deployment: Deployment


class DeploymentsResponse(Message, frozen=True, kw_only=True):
    """Deployments, newest first."""

    deployments: list[Deployment] = msgspec.field(default_factory=list)
