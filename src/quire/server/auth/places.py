"""From what a request names (a run, a trace, a file, …) to the experiment or registered model that decides over it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from quire.domain.access import Resource
from quire.domain.errors import NotFound, PermissionDenied, QuireError
from quire.domain.ids import is_model_id, is_run_id
from quire.domain.names import check_experiment_id
from quire.domain.paths import checked_path
from quire.domain.uris import LoggedModelUri, RunUri, is_local, parse_model_uri
from quire.server.context import Context
from quire.server.proxy import SCHEME, proxied_path
from quire.store.access import AccessStore

Kind = Literal[
    "experiment",
    "experiment_name",
    "registered_model",
    "run",
    "logged_model",
    "trace",
    "dataset",
    "path",
    "uri",
]
_REMEMBERED = 100_000
_WORDS: dict[Kind, str] = {"run": "run", "logged_model": "logged model", "trace": "trace", "dataset": "dataset"}


class Ref(msgspec.Struct, frozen=True):
    """Something that a request names. A ``path`` is one below the proxy's root, a ``uri`` where files may be."""

    kind: Kind
    key: str


class Found(msgspec.Struct, frozen=True):
    """What decides over something: the roles on ``resources``; nobody but an admin if there are none."""

    resources: tuple[Resource, ...] = ()


class Whereabouts:
    """Looks up, and remembers what never changes: the experiment of a run and of a logged model."""

    def __init__(self, context: Context, access: AccessStore) -> None:
        self._context, self._access = context, access
        self._remembered: OrderedDict[Ref, Found] = OrderedDict()

    def at_once(self, refs: Sequence[Ref]) -> list[Found] | None:
        """What decides over these, if that is known without asking the database."""
        found = [self._known(ref) for ref in refs]
        return None if None in found else [item for item in found if item is not None]

    def look_up(self, ref: Ref) -> Found | None:
        """What decides over something; None if it decides nothing: files where this server does not go.

        Raises NotFound if it does not exist.
        """
        known = self._known(ref)
        if known is not None:
            return known
        if ref.kind == "path":
            return self._of_path(ref.key)
        if ref.kind == "uri":
            return self._of_uri(ref.key)
        if ref.kind == "experiment_name":
            named = self._context.store.get_experiment_by_name(ref.key)
            if named is None:
                raise NotFound(f"Could not find experiment with name {ref.key!r}.")
            return _experiments(named.experiment_id)
        if ref.kind == "dataset":
            experiments = self._access.experiments_of_dataset(ref.key)
            if experiments is None:
                raise _missing(ref)
            return _experiments(*experiments) if experiments else _WORKSPACE
        experiment = self._experiment_of(ref)
        return _experiments(experiment) if ref.kind == "trace" else self._remember(ref, experiment)

    def _known(self, ref: Ref) -> Found | None:
        if ref.kind == "experiment":
            return _experiments(str(check_experiment_id(ref.key)))
        if ref.kind == "registered_model":
            return Found((Resource("registered_model", ref.key),))
        return self._remembered.get(ref)

    def _experiment_of(self, ref: Ref) -> str:
        find = {
            "run": self._access.experiment_of_run,
            "logged_model": self._access.experiment_of_logged_model,
            "trace": self._access.experiment_of_trace,
        }[ref.kind]
        experiment = find(ref.key)
        if experiment is None:
            raise _missing(ref)
        return experiment

    def _remember(self, ref: Ref, experiment: str) -> Found:
        found = self._remembered[ref] = _experiments(experiment)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return found

    def _of_path(self, text: str) -> Found:
        """Files lie in the folder of their experiment, or below that of a run or model that was put elsewhere."""
        parts = checked_path(text.strip("/"), root=True).split("/")
        first = parts[0]
        if first.isascii() and first.isdecimal() and len(first) < 19 and str(int(first)) == first:
            return _experiments(first)
        for part in parts:
            location = self._location(part)
            if location is not None and _lies_below("/".join(parts), location):
                kind: Kind = "run" if is_run_id(part) else "logged_model"
                return self._remember(Ref(kind, part), self._experiment_of(Ref(kind, part)))
        return Found()

    def _location(self, part: str) -> str | None:
        store = self._context.store
        try:
            if is_run_id(part):
                return store.get_run(part).info.artifact_uri
            return store.get_logged_model(part).artifact_location if is_model_id(part) else None
        except NotFound:
            return None

    def _of_uri(self, uri: str) -> Found | None:
        scheme = urlsplit(uri).scheme.lower()
        if scheme == SCHEME:
            return self._of_path(proxied_path(uri))
        if not is_local(uri) and scheme in ("models", "runs"):
            named = parse_model_uri(uri)
            if isinstance(named, RunUri):
                return self.look_up(Ref("run", named.run_id))
            if isinstance(named, LoggedModelUri):
                return self.look_up(Ref("logged_model", named.model_id))
            return Found((Resource("registered_model", getattr(named, "name", "")),))
        try:
            _store, path = self._context.places.find(uri)
        except PermissionDenied:
            return None
        return self._of_path(path)


# What belongs to no experiment is under the role in the workspace: nobody has a role on the experiment without an id.
_WORKSPACE = Found((Resource("experiment", ""),))


def _experiments(*ids: str) -> Found:
    return Found(tuple(Resource("experiment", item) for item in ids))


def _lies_below(path: str, location: str) -> bool:
    try:
        root = proxied_path(location) if urlsplit(location).scheme.lower() == SCHEME else None
    except QuireError:
        return False
    return root is not None and (path == root or path.startswith(f"{root}/"))


def _missing(ref: Ref) -> NotFound:
    return NotFound(f"No {_WORDS[ref.kind]} has the id {ref.key[:100]!r}.")
