"""Endpoints with what they serve now: ``/api/quire/v1/serving/overview`` and ``endpoints/{name}/overview``."""

from __future__ import annotations

import msgspec

from quire.domain.endpoint_words import Setting, settings_in_words
from quire.domain.endpoints import Deployment, Endpoint
from quire.domain.errors import QuireError
from quire.domain.protojson import Message
from quire.domain.trials import Trial, TrialState
from quire.domain.uris import RegisteredModelUri, parse_model_uri
from quire.registry.moving import alias_and_before
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.serving import OfEndpoint
from quire.store.serving import serving_of
from quire.trials.subjects import read_subject

calls = Calls("quire", "v1", tag="Endpoints")
_OPEN: tuple[TrialState, ...] = ("running", "paused", "deciding")


class OpenTrial(Message, frozen=True, kw_only=True):
    """A trial that has not ended; of a shadow, ``shadow`` names it."""

    trial_id: str
    name: str
    state: TrialState
    namespace: str | None = None
    shadow: str = ""


class EndpointOverview(Message, frozen=True, kw_only=True):
    """An endpoint with what it serves now.

    ``version`` is that of its ``alias``, ``previous`` the one to which a rollback would lead; both None for an endpoint
    that serves no alias, or where none is known.
    """

    endpoint: Endpoint
    registered_model: str = ""
    alias: str = ""
    version: str | None = None
    previous: str | None = None
    trials: list[OpenTrial] = msgspec.field(default_factory=list)
    deployments: list[Deployment] = msgspec.field(default_factory=list)


class EndpointOverviewResponse(Message, frozen=True, kw_only=True):
    """An endpoint with what it serves now, and its settings in words."""

    overview: EndpointOverview
    settings: list[Setting]


class EndpointOverviewsResponse(Message, frozen=True, kw_only=True):
    """All endpoints with what they serve now, by name."""

    overviews: list[EndpointOverview] = msgspec.field(default_factory=list)


@calls.read("GET", "/api/quire/v1/serving/overview")
def list_endpoint_overviews(context: Context, request: Empty) -> EndpointOverviewsResponse:
    """All endpoints, with the versions that they serve, the trials that run on them, and where they are deployed."""
    serving = serving_of(context.store)
    trials, deployments = serving.list_trials(states=_OPEN), serving.list_deployments()
    found = [_overview(context, one, trials, deployments) for one in serving.list_endpoints()]
    return EndpointOverviewsResponse(overviews=found)


@calls.read("GET", "/api/quire/v1/endpoints/{name}/overview", reads="point")
def get_endpoint_overview(context: Context, request: OfEndpoint) -> EndpointOverviewResponse:
    """An endpoint, with the version that it serves, the trials that run on it, and where it is deployed."""
    serving = serving_of(context.store)
    endpoint = serving.get_endpoint(request.name)
    trials = serving.list_trials(states=_OPEN)
    overview = _overview(context, endpoint, trials, serving.list_deployments())
    return EndpointOverviewResponse(overview=overview, settings=settings_in_words(endpoint))


def _overview(
    context: Context, endpoint: Endpoint, trials: list[Trial], deployments: list[Deployment]
) -> EndpointOverview:
    served = what_serves(context, endpoint)
    return EndpointOverview(
        endpoint=endpoint,
        registered_model=served.name,
        alias=served.alias,
        version=served.version,
        previous=served.previous,
        trials=[_open_trial(trial) for trial in trials if _endpoint_of(trial) == endpoint.name],
        deployments=[one for one in deployments if endpoint.name in one.endpoints],
    )


def _endpoint_of(trial: Trial) -> str:
    """The endpoint that a trial is on; none for a prompt's."""
    subject = read_subject(trial.spec.subject)
    return "" if subject.kind == "prompt" else subject.name


def _open_trial(trial: Trial) -> OpenTrial:
    return OpenTrial(
        trial_id=trial.trial_id,
        name=trial.spec.name,
        state=trial.state,
        namespace=trial.spec.namespace,
        shadow=read_subject(trial.spec.subject).shadow,
    )


class Served(msgspec.Struct, frozen=True):
    """The registered model of an endpoint, the alias that it serves, the version there, and the one before."""

    name: str = ""
    alias: str = ""
    version: str | None = None
    previous: str | None = None


def what_serves(context: Context, endpoint: Endpoint) -> Served:
    """What an endpoint serves, as far as it is registered."""
    parsed = parse_model_uri(endpoint.model)
    if not isinstance(parsed, RegisteredModelUri):
        return Served()
    if parsed.alias is None:
        return Served(parsed.name, version=parsed.version)
    try:
        return Served(parsed.name, parsed.alias, *alias_and_before(context.registry, parsed.name, parsed.alias))
    except QuireError:  # a model that is not there any more
        return Served(parsed.name, parsed.alias)
