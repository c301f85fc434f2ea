"""The application: the calls of MLflow's protocol, then the pages and Quire's own API, behind the outermost layer."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from quire.artifacts.opening import local_root
from quire.domain.uris import is_local, store_kind
from quire.server.auth import AuthSettings
from quire.server.calls import AnyCall
from quire.server.context import Context
from quire.server.dispatch import Front
from quire.server.forwarded import Forwarded
from quire.server.headers import Outer
from quire.server.http import Application, Receive, Scope, Send
from quire.server.pages import Pages
from quire.server.proxy import PROXY_ROOT, SCHEME, Places
from quire.server.routes import (
    artifacts,
    assessments,
    changes,
    comments,
    dataset_versions,
    datasets,
    deployments,
    endpoint_changes,
    endpoint_overviews,
    endpoint_traffic,
    endpoints,
    evaluations,
    events,
    experiments,
    feedback,
    info,
    logged_models,
    me,
    metrics,
    model_packages,
    model_versions,
    older_traces,
    otlp,
    playground,
    prompts,
    proxy,
    registered_models,
    reviews,
    run_table,
    runs,
    trace_export,
    trace_reports,
    trace_views,
    traces,
    trial_actions,
    trial_reports,
    trials,
)
from quire.server.settings import Settings
from quire.server.topics import Telling
from quire.server.ui import Interface
from quire.server.work import Together, Work
from quire.store import open_store
from quire.store.base import Store
from quire.store.opening import ARTIFACT_FOLDER, parse_sqlite

# Every module of calls. Add a module's ``calls`` here, and its paths are served and documented.
ROUTES = (
    experiments.calls,
    runs.calls,
    run_table.calls,
    metrics.calls,
    logged_models.calls,
    registered_models.calls,
    model_versions.calls,
    prompts.calls,
    model_packages.calls,
    artifacts.calls,
    proxy.calls,
    traces.calls,
    trace_export.calls,
    trace_reports.calls,
    trace_views.calls,
    older_traces.calls,
    otlp.calls,
    assessments.calls,
    datasets.calls,
    dataset_versions.calls,
    evaluations.calls,
    reviews.calls,
    endpoints.calls,
    endpoint_overviews.calls,
    endpoint_traffic.calls,
    endpoint_changes.calls,
    trials.calls,
    trial_reports.calls,
    trial_actions.calls,
    deployments.calls,
    feedback.calls,
    playground.calls,
    events.calls,
    comments.calls,
    changes.calls,
    info.calls,
    me.calls,
)


class App:
    """One server process as an ASGI application. ``front`` takes guards and observers of calls."""

    def __init__(self, context: Context, front: Front, outer: Outer) -> None:
        self.context = context
        self.front = front
        self._outer = outer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the start and end of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._outer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def close(self) -> None:
        """Finish what was begun and release the stores."""
        self.context.work.close()
        self.context.store.close()


def create_app(settings: Settings) -> App:
    """The application of a server. Raises InvalidInput for settings that do not go together."""
    own, direct, root = _roots(settings)
    store = open_store(settings.backend_store_uri, artifact_root=root)
    registry = store
    if settings.registry_store_uri and settings.registry_store_uri != settings.backend_store_uri:
        registry = open_store(settings.registry_store_uri, artifact_root=root)
    work = Work(
        _one_writer(store),
        reading_threads=settings.reading_threads,
        artifact_threads=settings.artifact_threads,
    )
    context = Context(settings, store, registry, Places(own, direct), work)
    auth = settings.auth
    calls = all_calls() if auth is None else [*all_calls(), *_access_calls()]
    interface = Interface(Pages(context, calls), settings.static_prefix)
    front = Front(context, calls, interface)
    front.observers.append(Telling(context.live))
    inner: Application = front if auth is None else _attach(context, front, auth, interface)
    if settings.trusted_proxies:
        inner = Forwarded(inner, settings.trusted_proxies)
    return App(context, front, Outer(inner, settings, context.meter))


def all_calls() -> list[AnyCall]:
    """Every call that a server takes."""
    return [call for module in ROUTES for call in module.all]


def _access_calls() -> list[AnyCall]:
    from quire.server.auth.attach import access_calls

    return access_calls()


def _attach(context: Context, front: Front, settings: AuthSettings, interface: Interface) -> Application:
    from quire.server.auth.attach import attach

    return attach(context, front, settings, interface.serves, "/sign-in" if interface.is_built else None)


def _one_writer(store: Store) -> Together | None:
    return cast(Together, store) if store_kind(store.uri) == "sqlite" else None


def _roots(settings: Settings) -> tuple[str | None, tuple[str, ...], str]:
    """The root behind the proxy, those that clients reach alone, and the one that new experiments are given."""
    beside = _beside(settings.backend_store_uri)
    kept = _absolute(settings.artifact_root or beside)
    own = kept if settings.serve_artifacts else None
    default = settings.default_artifact_root or (PROXY_ROOT if own else kept)
    if default.startswith(SCHEME):
        return own, (beside,), default
    return own, (_absolute(default), beside), _absolute(default)


def _absolute(root: str) -> str:
    return str(Path(local_root(root)).expanduser().absolute()) if is_local(root) else root


def _beside(uri: str) -> str:
    """The folder of artifacts beside a database file; in the working directory for any other store."""
    if store_kind(uri) != "sqlite":
        return str(Path.cwd() / ARTIFACT_FOLDER)
    place = parse_sqlite(uri).path
    return str((place.parent if place else Path.cwd()) / ARTIFACT_FOLDER)
