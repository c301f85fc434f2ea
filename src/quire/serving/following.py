"""Following what is to be served: a thread that twice a second looks at endpoints, aliases and trials.

What changed is loaded, and a new table is put in place in one assignment: no request waits for it, and none is dropped.
A store that is away, or a model that cannot be read, leaves what was served before.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

import msgspec

from quire.caller.cost import price_of
from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput, InvalidState, NotFound, QuireError
from quire.domain.trials import Trial, TrialState
from quire.domain.uris import LocationUri, is_local, parse_model_uri
from quire.serving.asking import unknown_endpoint
from quire.serving.errors import Refused
from quire.serving.live import CHAMPION, CHOSEN, LiveArm, LiveEndpoint, LiveTrial, PassingArm, Table
from quire.serving.loading import Loader, version_uri
from quire.serving.sender import make_sender
from quire.serving.sender.sender import EndpointSender
from quire.serving.settings import ServeSettings
from quire.store.base import Store
from quire.store.serving import ServingStore, serving_of

PASSED = "*"
"""The name under which models that are not packaged are asked."""
_LIVE: tuple[TrialState, ...] = ("running", "paused", "deciding")
_MOST_CHOSEN = 256
_OF_SENDERS = ("name", "upstream", "fallbacks", "retrying", "breaker", "hedging", "caching", "limits")
"""All of an endpoint that its sender is made of."""
Install = Callable[[Table, list[EndpointSender]], object]

_logger = logging.getLogger("quire.serving")


class Following:
    """The thread, and what it knows.

    ``install`` is given each new table, in this thread, and the senders that it needs no more.
    """

    def __init__(self, settings: ServeSettings, store: Store, registry: Store) -> None:
        self._settings = settings
        self._serving = _serving(store)
        self._given = {endpoint.name: endpoint for endpoint in settings.endpoints}
        self._loader = Loader(store, registry)
        self._senders: dict[str, tuple[bytes, EndpointSender]] = {}
        self._in_use: dict[int, EndpointSender] = {}
        self._chosen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._said: dict[str, str] = {}
        self._own: set[str] = set()
        self._table = Table()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def keeps_trials(self) -> bool:
        """Whether the store keeps endpoints and trials."""
        return self._serving is not None

    # -- at the start ----------------------------------------------------------------------------

    def first(self) -> Table:
        """The table to begin with. Raises what is wrong with an endpoint that the settings name.

        Those endpoints are stored, so that trials can be made of them and other servers serve them.
        """
        with self._lock:
            for name, endpoint in self._given.items():
                self._loader.arm(endpoint, endpoint.model, CHAMPION)
                self._sender(endpoint)
                self._given[name] = self._stored(endpoint)
            endpoints = self._endpoints()
            self._table = self._made(endpoints, self._trials())
            self._refuse_nothing(endpoints)
            for live in self._table.endpoints.values():
                self._warm(live)
            self._retired()
        return self._table

    def _refuse_nothing(self, endpoints: list[Endpoint]) -> None:
        """Raise InvalidInput where there is nothing at all to be served."""
        if self._table.endpoints or self._settings.pass_through:
            return
        if endpoints:
            raise InvalidInput(f"No endpoint can be served. {' '.join(self._said.values())}")
        raise InvalidInput(
            "Nothing is to be served: the store keeps no endpoint. Name one, as in "
            "--endpoint joker=models:/joker@champion."
        )

    def _warm(self, live: LiveEndpoint) -> None:
        """Look up the price of what answers now: the table of prices takes long to load."""
        if live.champion.package is not None:
            price_of(live.champion.package.model)

    def _stored(self, endpoint: Endpoint) -> Endpoint:
        """An endpoint of the settings as the store keeps it. One that says no more than its model keeps the rest.

        A folder of this machine stays this server's own where the store has another model under the name: other servers
        could not load it.
        """
        if self._serving is None:
            return endpoint
        try:
            known = self._serving.get_endpoint(endpoint.name)
        except NotFound:
            return self._serving.put_endpoint(endpoint)
        if _is_here(endpoint.model) and not _is_here(known.model):
            _logger.warning(
                "The endpoint %r is served from %s here alone: the store keeps %s under that name.",
                endpoint.name,
                endpoint.model,
                known.model,
            )
            self._own.add(endpoint.name)
            return endpoint
        if endpoint == Endpoint(name=endpoint.name, model=endpoint.model):
            endpoint = msgspec.structs.replace(known, model=endpoint.model)
        return self._serving.put_endpoint(endpoint)

    # -- afterwards ------------------------------------------------------------------------------

    def start(self, install: Install) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._follow, args=(install,), name="quire-following", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _follow(self, install: Install) -> None:
        while not self._ended.wait(self._settings.follow_s):
            try:
                table = self.look()
                if table is not None:
                    install(table, self._retired())
            except Exception as error:
                self._say("the store", error)
            else:
                self._well("the store")

    def look(self) -> Table | None:
        """Look once: a new table; None where nothing changed. Raises what the store raises."""
        with self._lock:
            before = self._table
            self._table = self._made(self._endpoints(), self._trials())
            return None if _same(before, self._table) else self._table

    def choose(self, name: str, version: str) -> LiveArm:
        """Another version of what an endpoint serves, which is followed from now on. Reads the store and files.

        Refused (404, 400) for a version or alias that there is not.
        """
        with self._lock:
            live = self._table.endpoints.get(name)
            if live is None:
                raise unknown_endpoint(name, list(self._table.endpoints))
            try:
                arm = self._loader.arm(live.endpoint, version_uri(live.endpoint, version), CHOSEN)
            except NotFound as error:
                raise Refused(error.message, status=404, param="prompt.version", code="version_not_found") from None
            except InvalidInput as error:
                raise Refused(error.message, param="prompt.version", code="invalid_value") from None
            live.versions[version] = arm
            self._chosen[name, version] = None
            if len(self._chosen) > _MOST_CHOSEN:
                self._chosen.popitem(last=False)
            return arm

    # -- one look --------------------------------------------------------------------------------

    def _endpoints(self) -> list[Endpoint]:
        if self._serving is None:
            return list(self._given.values())
        stored = {endpoint.name: endpoint for endpoint in self._serving.list_endpoints()}
        if not self._given:
            return list(stored.values())
        return [given if name in self._own else stored.get(name, given) for name, given in self._given.items()]

    def _trials(self) -> dict[str, list[Trial]]:
        """The trials that are under way, by endpoint; those of one namespace before those of all."""
        found: dict[str, list[Trial]] = {}
        for trial in self._serving.list_trials(states=_LIVE) if self._serving is not None else ():
            kind, _, name = trial.spec.subject.partition(":")
            if kind == "endpoint":
                found.setdefault(name, []).append(trial)
        return {name: sorted(trials, key=lambda one: one.spec.namespace is None) for name, trials in found.items()}

    def _made(self, endpoints: Iterable[Endpoint], trials: dict[str, list[Trial]]) -> Table:
        found: dict[str, LiveEndpoint] = {}
        for endpoint in endpoints:
            tried = [] if endpoint.name in self._own else trials.get(endpoint.name, [])
            live = self._endpoint(endpoint, tried)
            if live is not None:
                found[endpoint.name] = live
        return Table(found, self._passed())

    def _endpoint(self, endpoint: Endpoint, trials: list[Trial]) -> LiveEndpoint | None:
        """An endpoint with all its arms; as it was before, where its champion cannot be had."""
        before = self._table.endpoints.get(endpoint.name)
        champion = self._arm(endpoint, endpoint.model, CHAMPION)
        sender = self._sender_if_any(endpoint)
        if champion is None or sender is None:
            return before
        live = LiveEndpoint(endpoint, champion, sender)
        for name, version in self._chosen:
            if name == endpoint.name:
                arm = self._chosen_arm(endpoint, version) or (before.versions.get(version) if before else None)
                if arm is not None:
                    live.versions[version] = arm
        live.trials = [made for trial in trials if (made := self._trial(endpoint, trial)) is not None]
        live.shadows = {
            shadow.name: arm
            for shadow in endpoint.shadows
            if (arm := self._arm(endpoint, shadow.model, shadow.name)) is not None
        }
        if before is not None and _is_same(before, live):
            return before
        return live

    def _trial(self, endpoint: Endpoint, trial: Trial) -> LiveTrial | None:
        """A trial with the arms that can be had; None without its control."""
        arms = {arm.name: live for arm in trial.arms if (live := self._arm(endpoint, arm.model, arm.name)) is not None}
        return LiveTrial(trial, arms) if trial.spec.control in arms else None

    def _arm(self, endpoint: Endpoint, uri: str, name: str) -> LiveArm | None:
        where = f"the arm {name if name != CHOSEN else uri!r} of the endpoint {endpoint.name!r}"
        try:
            arm = self._loader.arm(endpoint, uri, name)
        except QuireError as error:
            self._say(where, error)
            return None
        self._well(where)
        return arm

    def _chosen_arm(self, endpoint: Endpoint, version: str) -> LiveArm | None:
        try:
            return self._arm(endpoint, version_uri(endpoint, version), CHOSEN)
        except InvalidInput:
            return None

    def _sender(self, endpoint: Endpoint) -> EndpointSender:
        """The sender of an endpoint, the same as before while nothing that it is made of changed."""
        kind = msgspec.json.encode([getattr(endpoint, name) for name in _OF_SENDERS])
        known = self._senders.get(endpoint.name)
        if known is None or known[0] != kind:
            known = self._senders[endpoint.name] = (kind, make_sender(endpoint))
        return known[1]

    def _sender_if_any(self, endpoint: Endpoint) -> EndpointSender | None:
        where = f"the upstreams of the endpoint {endpoint.name!r}"
        try:
            sender = self._sender(endpoint)
        except QuireError as error:
            self._say(where, error)
            return None
        self._well(where)
        return sender

    def _retired(self) -> list[EndpointSender]:
        """The senders that the table needs no more."""
        known = [*self._table.endpoints.values(), *([self._table.passed] if self._table.passed else [])]
        needed = {id(live.sender): live.sender for live in known}
        retired = [sender for key, sender in self._in_use.items() if key not in needed]
        self._in_use = needed
        return retired

    def _passed(self) -> LiveEndpoint | None:
        if not self._settings.pass_through:
            return None
        if self._table.passed is not None:
            return self._table.passed
        endpoint = Endpoint(name=PASSED, model=PASSED, upstream=self._settings.passed_upstream)
        return LiveEndpoint(endpoint, PassingArm(endpoint), self._sender(endpoint))

    # -- what is said, once each -----------------------------------------------------------------

    def _say(self, what: str, error: Exception) -> None:
        said = str(error)
        if self._said.get(what) != said:
            self._said[what] = said
            _logger.warning("Cannot follow %s, so what was served before stays: %s", what, said)

    def _well(self, what: str) -> None:
        if self._said.pop(what, None) is not None:
            _logger.warning("Follows %s again", what)


def _is_here(uri: str) -> bool:
    """Whether a model is a folder of this machine."""
    return isinstance(parse_model_uri(uri), LocationUri) and is_local(uri)


def _serving(store: Store) -> ServingStore | None:
    """What the store keeps of serving; None for one that keeps nothing of it, where there are no trials."""
    try:
        return serving_of(store)
    except InvalidState as error:
        _logger.warning("No trials here. %s", error.message)
        return None


def _is_same(one: LiveEndpoint, other: LiveEndpoint) -> bool:
    """Whether two looks found the same: arms are the same objects while nothing about them changed."""
    return (
        one.endpoint == other.endpoint
        and one.sender is other.sender
        and one.champion is other.champion
        and one.versions == other.versions
        and one.trials == other.trials
        and one.shadows == other.shadows
    )


def _same(one: Table, other: Table) -> bool:
    return one.passed is other.passed and list(one.endpoints.items()) == list(other.endpoints.items())
