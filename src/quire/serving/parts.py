"""What is plugged into a serving process beside the path of a request: what is counted, traced and kept going."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quire.domain.endpoints import Endpoint
from quire.server.exposition import CONTENT_TYPE
from quire.server.http import Receive, Reply, Scope
from quire.serving import gauges
from quire.serving.gathering import Gathering
from quire.serving.handling import guarded
from quire.serving.measuring import measure
from quire.serving.metrics import Metrics
from quire.serving.scribe import maker_for
from quire.serving.tracing import Tracer

if TYPE_CHECKING:
    from quire.serving.app import App
    from quire.serving.context import Context
    from quire.serving.live import Live


def plug_in(app: App) -> None:
    """Attach every part to an application that has not started yet. Observers are told in this order."""
    context = app.context
    context.observers.append(measure)
    if context.settings.auth is not None:
        context.observers.append(context.keys)
    metrics = _count(app)
    _predict(app)
    tracer = _trace(app)
    gauges.watch_senders(metrics, context.live)
    gauges.watch_traces(metrics, tracer)
    if context.settings.log_requests:
        _log(app)
    if context.following.keeps_trials:
        from quire.serving import feedback
        from quire.serving.trial_parts import plug_in_trials

        feedback.install(app)
        shadowing = plug_in_trials(app, tracer)
        gauges.watch_shadows(metrics, lambda: shadowing.dropped)


def _count(app: App) -> Metrics:
    """``GET /metrics`` for Prometheus."""
    context = app.context
    metrics = Metrics(lambda name: _first_upstream(context.live, name))
    context.observers.append(metrics)
    context.refusals.append(metrics.refused)
    render = metrics.render
    if context.settings.metrics_folder is not None:
        gathering = Gathering(Path(context.settings.metrics_folder), metrics)
        app.starting.append(gathering.start)
        app.ending.append(gathering.close)
        render = gathering.render
    app.routes["/metrics"] = {"GET": partial(guarded, partial(_metrics, context, render))}
    return metrics


async def _metrics(context: Context, render: Callable[[], str], scope: Scope, receive: Receive) -> Reply:
    await context.keys.admit(scope)
    return Reply(render().encode(), 200, [CONTENT_TYPE])


def _predict(app: App) -> None:
    """``POST /invocations``, as MLflow's model server answers it."""
    from quire.serving import invocations

    invocations.install(app)


def _trace(app: App) -> Tracer:
    context = app.context
    settings = context.settings
    maker = maker_for(context.uri) if settings.spans_apart else None
    tracer = Tracer(context.uri, partial(endpoint_of, context.live), experiment=settings.experiment, maker=maker)
    context.observers.append(tracer)
    app.starting.append(tracer.start)
    app.ending.append(tracer.close)
    return tracer


def _log(app: App) -> None:
    from quire.serving.logging import RequestLog

    log = RequestLog()
    app.context.observers.append(log)
    app.context.refusals.append(log.refused)
    app.starting.append(log.start)
    app.ending.append(log.close)


def endpoint_of(live: Live, name: str) -> Endpoint | None:
    """An endpoint as it is served now."""
    found = live.table.endpoints.get(name)
    return None if found is None else found.endpoint


def _first_upstream(live: Live, name: str) -> str:
    endpoint = endpoint_of(live, name)
    return "default" if endpoint is None else endpoint.upstream.name
