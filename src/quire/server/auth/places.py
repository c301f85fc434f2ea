"""From what a request names (a run, a trial, a file, …) to the experiment, model or endpoint that decides over it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from quire.domain.access import Resource
from quire.domain.endpoints import Upstream
from quire.domain.errors import NotFound, PermissionDenied, QuireError
from quire.domain.ids import is_model_id, is_run_id
from quire.domain.names import check_experiment_id
from quire.domain.paths import checked_path
from quire.domain.prompt_uris import SCHEME as PROMPTS
from quire.domain.uris import LoggedModelUri, RunUri, is_local, parse_model_uri
from quire.server.context import Context
from quire.server.proxy import SCHEME, proxied_path
from quire.store.access import AccessStore
from quire.store.comments import comment_in, comment_keepers
from quire.store.serving import serving_of

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
    "endpoint",
    "trial",
    "trial_alias",
    "endpoint_alias",
    "answer",
    "comment",
    "destinations",
    "workspace",
]
COMMENTED: dict[str, Kind] = {"run": "run", "prompt": "registered_model", "trace": "trace"}
"""By what comments are about: what decides who may read them."""
Destination = tuple[str | None, str | None]
_REMEMBERED = 100_000
_WORDS: dict[Kind, str] = {"run": "run", "logged_model": "logged model", "trace": "trace", "dataset": "dataset"}


class Ref(msgspec.Struct, frozen=True):
    """Something that a request names.

    A ``path`` is one below the proxy's root, a ``uri`` where files may be; an ``answer`` is named by its own id or its
    trace's; a ``trial_alias`` or ``endpoint_alias`` is the alias by which a trial's subject, or an endpoint, serves;
    what is under the role in the ``workspace`` alone has no key. ``destinations`` are an endpoint's name and what
    :func:`destination` says of its upstreams, as JSON.
    """

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
        if ref.kind == "trial":
            return self._keep(ref, subject_place(serving_of(self._context.store).get_trial(ref.key).spec.subject))
        if ref.kind in ("trial_alias", "endpoint_alias"):
            return self._of_alias(ref)
        if ref.kind == "comment":
            return self._of_comment(ref.key)
        if ref.kind == "answer":
            return self._of_answer(ref.key)
        if ref.kind == "destinations":
            self._check_destinations(ref.key)
            return None
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
        if ref.kind == "endpoint":
            return Found((Resource("endpoint", ref.key),))
        if ref.kind == "workspace":
            return _WORKSPACE
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

    def _of_alias(self, ref: Ref) -> Found | None:
        """The model or prompt whose alias a promotion or a rollback would move."""
        serving, name = serving_of(self._context.store), ref.key
        if ref.kind == "trial_alias":
            subject = serving.get_trial(ref.key).spec.subject
            if subject.startswith(PROMPTS):
                return subject_place(subject)
            name = subject_place(subject).resources[0].key
        return self._of_uri(serving.get_endpoint(name).model)

    def _of_answer(self, key: str) -> Found:
        """Who may change its trace's experiment may judge an answer, and who may change the endpoint that gave it."""
        found: tuple[Resource, ...] = ()
        trace = key
        try:
            served = serving_of(self._context.store).get_served(key)
        except NotFound:
            pass
        else:
            is_prompt = served.endpoint.startswith(PROMPTS)
            found = subject_place(served.endpoint if is_prompt else f"endpoint:{served.endpoint}").resources
            trace = served.trace_id
        experiment = self._access.experiment_of_trace(trace)
        if experiment is not None:
            found = (Resource("experiment", experiment), *found)
        if not found:
            raise NotFound(
                f"No answer with the id {key[:100]!r} is known, nor a trace. Answers are noted within seconds of being "
                "given: try again, or check the id."
            )
        return Found(found)

    def _of_comment(self, key: str) -> Found | None:
        """What decides over a comment is what it is about."""
        _keeper, found = comment_in(comment_keepers(self._context.store, self._context.registry), key)
        return self.look_up(Ref(COMMENTED[found.subject_kind], found.subject_id))

    def _check_destinations(self, key: str) -> None:
        """Refuse others than the endpoint has. Of an admin this is not asked."""
        name, wanted = msgspec.json.decode(key, type=tuple[str, list[Destination]])
        try:
            found = serving_of(self._context.store).get_endpoint(name)
        except NotFound:
            known: set[Destination] = set()
        else:
            known = {destination(one) for one in (found.upstream, *found.fallbacks)}
        if not known.issuperset(wanted):
            raise PermissionDenied(
                f"Only an admin of the server may have the endpoint {name[:100]!r} send requests elsewhere (base_url), "
                "or with another key (api_key_env): servers would send their keys there. Leave both out, or ask an "
                "admin."
            )

    def _remember(self, ref: Ref, experiment: str) -> Found:
        return self._keep(ref, _experiments(experiment))

    def _keep(self, ref: Ref, found: Found) -> Found:
        self._remembered[ref] = found
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


def destination(upstream: Upstream) -> Destination:
    """Where an upstream has requests sent, and by which key, as far as it says so itself."""
    return upstream.base_url, upstream.api_key_env


def subject_place(subject: str) -> Found:
    """What decides over a trial: the endpoint that it is about, or the prompt."""
    if subject.startswith(PROMPTS):
        return Found((Resource("registered_model", subject.removeprefix(PROMPTS)),))
    return Found((Resource("endpoint", subject.partition(":")[2].partition("/")[0]),))


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
