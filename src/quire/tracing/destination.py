"""Where a trace that begins now belongs: its store and experiment, and what all traces of this program begin with.

It is asked for at every root, so nothing is resolved twice: what the process and its environment say is the key of
what was found before. An experiment that the environment names is looked up when the trace is stored, because that
asks the store.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from quire.domain.errors import InvalidInput
from quire.store import current
from quire.tracing.exporter import deliver_to
from quire.tracking import experiments
from quire.tracking import origin as origins

if TYPE_CHECKING:
    from quire.tracing.finished import FinishedTrace

NAMED = "name:"
"""Starts what stands for an experiment that is known only by its name."""
OF_RUN = "run:"
"""Starts what stands for the experiment of a run, of which only the id is known."""
_MOST_KNOWN = 64
_FILE, _ROOTED = "sqlite:///", "sqlite:////"
_VARIABLES = (
    *current.VARIABLES,
    experiments.HANDED_DOWN,
    *experiments.NAME_VARIABLES,
    *experiments.ID_VARIABLES,
    *origins.CONTEXT_VARIABLES,
)
log = logging.getLogger("quire")


class Destination:
    """A store, and what traces that go there begin with."""

    __slots__ = ("_fallback", "deliver", "origin", "uri")

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.deliver: Callable[[FinishedTrace], None] = deliver_to(uri)
        self.origin: Mapping[str, str] = _origin()
        self._fallback = _said_by_environment(uri)

    @property
    def experiment(self) -> str:
        """The id of the experiment that is active there now, or ``name:`` and its name."""
        return experiments.active_in(self.uri) or self._fallback


_known: dict[tuple[Any, ...], Destination] = {}
_latest: list[tuple[tuple[Any, ...], Destination]] = []
"""What was found last, and for what, if that does not depend on the folder: to compare is cheaper than to look up."""


def here() -> Destination:
    """Where a trace belongs that begins now, outside of any run."""
    environment = _environment()
    uri = current.chosen_tracking_uri() or environment[0] or environment[1]
    asked = (uri, sys.argv[0] if sys.argv else "", environment)
    latest = _latest[0] if _latest else None  # taken once: another thread may replace it
    if latest is not None and asked == latest[0]:
        return latest[1]
    found = _found(uri, environment) or of(current.get_tracking_uri())
    if not _depends_on_folder(uri):
        _latest[:] = [(asked, found)]
    return found


def of(uri: str) -> Destination:
    """Where a trace belongs that goes to the store of a URI."""
    environment = _environment()
    found = _found(uri, environment)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = Destination(current.absolute_uri(uri))
        for form in (uri, os.fsencode(uri), *((None,) if uri == current.DEFAULT_URI else ())):
            _known[_key(form, environment)] = found
    return found


def _found(uri: Any, environment: tuple[Any, ...]) -> Destination | None:
    return _known.get(_key(uri, environment))


def _key(uri: Any, environment: tuple[Any, ...]) -> tuple[Any, ...]:
    """What decides. A URI is text, bytes of the environment, or None for the default; some depend on the folder."""
    folder = os.getcwd() if _depends_on_folder(uri) else ""
    return (uri, folder, sys.argv[0] if sys.argv else "", environment)


def _depends_on_folder(uri: Any) -> bool:
    if uri is None:
        return True
    file, rooted = (_FILE, _ROOTED) if isinstance(uri, str) else (_FILE.encode(), _ROOTED.encode())
    return bool(uri.startswith(file) and not uri.startswith(rooted))


def experiment_at(location: Any) -> str | None:
    """The id of the experiment that a location names: :class:`quire.entities.MlflowExperimentLocation`, or MLflow's.

    None for no location, and for one that leaves the experiment open. Raises InvalidInput for another place.
    """
    place = getattr(location, "mlflow_experiment", None) or location
    found = place if isinstance(place, str) else getattr(place, "experiment_id", None)
    if found is None and place is not None and not hasattr(place, "experiment_id"):
        raise InvalidInput(
            f"The trace_destination is a {type(location).__name__}; traces go to experiments. Expected "
            "quire.entities.MlflowExperimentLocation(experiment_id)."
        )
    return str(found) if found else None


def _said_by_environment(uri: str) -> str:
    """The experiment that the environment names."""
    handed_down, _, owner = os.environ.get(experiments.HANDED_DOWN, "").partition("@")
    if handed_down and owner == uri:
        return handed_down
    name = _first(experiments.NAME_VARIABLES)
    if name:
        return NAMED + name
    return _first(experiments.ID_VARIABLES) or experiments.DEFAULT_EXPERIMENT_ID


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _origin() -> dict[str, str]:
    try:
        return origins.origin_tags()
    except Exception as error:
        log.warning("Traces do not say where they come from: %s", error)
        return {}


def _slow_environment() -> tuple[Any, ...]:
    return tuple(os.environ.get(name) for name in _VARIABLES)


def _fast_environment() -> tuple[Any, ...]:
    """The same without an exception raised and caught inside of ``os.environ`` for each variable that is not set."""
    get = _inner.get
    return tuple([get(name) for name in _encoded])


_inner: dict[Any, Any] = getattr(os.environ, "_data", {})
_encoded: list[Any] = [os.fsencode(name) for name in _VARIABLES]
_environment = _fast_environment if os.name == "posix" and b"PATH" in _inner else _slow_environment
