"""The table of ``quire endpoints list``, and the page of one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.output import ColumnKind, clean, heading, one_line, print_table, styled
from quire.cli.words import age, moment
from quire.domain.endpoint_files import endpoint_fields
from quire.domain.endpoints import Endpoint
from quire.domain.errors import QuireError
from quire.domain.ids import now_ms

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS: list[tuple[str, ColumnKind]] = [
    ("name", "id"),
    ("model", "id"),
    ("now", "id"),
    ("upstreams", "word"),
    ("revision", "number"),
    ("changed", "id"),
    ("description", "word"),
]


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """A trial on an endpoint, briefly."""

    trial_id: str
    state: str
    name: str
    arms: list[str]


class EndpointPage(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint, the version that its model is now, and the trials on it that have not ended.

    ``version`` is None for a model that is not registered, and for one that cannot be found: ``problem`` says why.
    """

    endpoint: Endpoint
    version: str | None
    problem: str | None
    trials: list[TrialView]


def read(name: str) -> EndpointPage:
    """Gather the page. Raises NotFound."""
    from quire.cli.lookup import open_existing_store
    from quire.store.serving import serving_of

    store = serving_of(open_existing_store())
    endpoint = store.get_endpoint(name)
    trials = store.list_trials(subject=f"endpoint:{name}", states=("running", "paused", "deciding"))
    version, problem = _version(endpoint.model)
    views = [
        TrialView(trial_id=one.trial_id, state=one.state, name=one.spec.name, arms=[arm.name for arm in one.arms])
        for one in trials
    ]
    return EndpointPage(endpoint=endpoint, version=version, problem=problem, trials=views)


def _version(uri: str) -> tuple[str | None, str | None]:
    from quire.registry import resolve_model_uri

    try:
        return resolve_model_uri(uri).version, None
    except QuireError as error:
        return None, error.message


def show(console: Console, endpoints: list[Endpoint]) -> None:
    """Print the table."""
    if not endpoints:
        console.print("There are no endpoints. `quire endpoints create NAME=MODEL` makes one.")
        return
    now = now_ms()
    rows = [
        (
            one.name,
            clean(one.model),
            _now(one.model),
            ", ".join(upstream.name for upstream in (one.upstream, *one.fallbacks)),
            one.revision,
            age(one.last_update_time, now),
            one_line(one.description, 60),
        )
        for one in endpoints
    ]
    print_table(console, _COLUMNS, rows)


def _now(uri: str) -> str:
    version, problem = _version(uri)
    return "missing" if problem else version or "-"


def show_page(console: Console, page: EndpointPage) -> None:
    """Print the page."""
    from quire.models.yamltext import dump_yaml

    one = page.endpoint
    console.print(styled(clean(one.name), "bold"))
    console.print(styled(f"{clean(one.model)}{_serves(page)}"), soft_wrap=True)
    console.print(styled(f"revision {one.revision}, changed {moment(one.last_update_time)}", "dim"))
    if page.trials:
        heading(console, "Trials")
        rows = [[trial.trial_id, trial.state, clean(trial.name), clean(", ".join(trial.arms))] for trial in page.trials]
        print_table(console, [("id", "id"), ("state", "id"), ("name", "word"), ("arms", "text")], rows)
    heading(console, "As a file holds it")
    text = dump_yaml({"endpoints": [endpoint_fields(one)]}, sort_keys=False)
    console.print(styled(clean(text.rstrip())), soft_wrap=True)


def _serves(page: EndpointPage) -> str:
    if page.problem is not None:
        return f": {clean(page.problem)}"
    return f", now version {page.version}" if page.version is not None else ""


def problem(endpoint: Endpoint) -> str | None:
    """Why an endpoint's model cannot be found; None where it can, or where that is not known before it is read."""
    return _version(endpoint.model)[1]


def followers(name: str, alias: str) -> list[str]:
    """One line about the endpoints that follow an alias of a model; none where nothing does, or nothing can say so."""
    from quire.store.current import current_store
    from quire.store.serving import ServingStore

    serving: ServingStore | None = getattr(current_store(), "serving", None)
    uri = f"models:/{name}@{alias}"
    found = [one.name for one in serving.list_endpoints() if one.model == uri] if serving is not None else []
    return [f"Served as {', '.join(found)}: running servers follow within two seconds."] if found else []
