"""What is served at this moment: a table of endpoints with their arms, replaced as a whole in one assignment.

A request reads the table once and keeps what it got, so a change never comes between its parts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import msgspec

from quire.domain.assignment import assign
from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput
from quire.domain.package import Package
from quire.domain.trials import Trial
from quire.serving.errors import Refused
from quire.serving.planning import COUNTED, Plan, ask_for_usage
from quire.serving.request import Ask, Given, Outgoing, Route
from quire.serving.sender.sender import EndpointSender

CHAMPION = "champion"
"""The arm's name where an endpoint answers by its own model."""
CHOSEN = "chosen"
"""The arm's name where the caller named a version."""
ROUTES: tuple[Route, ...] = ("chat.completions", "responses", "completions", "embeddings")

_logger = logging.getLogger("quire.serving")


class LiveArm:
    """A model that answers: what is known of it, and its plans, one for each API that it may be asked by."""

    __slots__ = ("_plans", "given", "headers", "package")

    def __init__(self, given: Given, package: Package | None, endpoint: Endpoint) -> None:
        self.given = given
        self.package = package
        self._plans = {} if package is None else _plans(package, endpoint)
        self.headers = [
            (b"x-quire-endpoint", quote(endpoint.name).encode()),
            (b"x-quire-model-version", quote(given.version or given.model_id or "").encode()),
            (b"x-quire-arm", quote(given.arm).encode()),
        ]

    def outgoing(self, ask: Ask) -> Outgoing:
        """The request that the model makes of what is asked. Refused (400) for what it does not allow."""
        plan = self._plans[ask.route]
        if isinstance(plan, str):
            raise Refused(plan, param="model", code="unsupported_api")
        return plan.outgoing(ask)


class PassingArm(LiveArm):
    """What answers for models that are not packaged: the request goes on as it came."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(Given(arm="", model_uri=""), None, endpoint)
        self.headers = []

    def outgoing(self, ask: Ask) -> Outgoing:
        """What was asked; of a stream its count of tokens is asked for too."""
        if ask.stream and ask.route in COUNTED:
            body = dict(ask.body)
            return Outgoing(ask.route, body, True, hides_usage=ask_for_usage(body))
        return Outgoing(ask.route, ask.body, ask.stream)


def _plans(package: Package, endpoint: Endpoint) -> dict[Route, Plan | str]:
    """A plan for each API; where the model cannot be asked by one, why not."""
    found: dict[Route, Plan | str] = {}
    for route in ROUTES:
        try:
            found[route] = Plan(package, route, endpoint.passes)
        except InvalidInput as error:
            found[route] = error.message
    return found


class LiveTrial(msgspec.Struct):
    """A trial with its arms, by name."""

    trial: Trial
    arms: dict[str, LiveArm]

    @property
    def control(self) -> LiveArm:
        """The arm that others are compared with, which answers where they fail."""
        return self.arms[self.trial.spec.control]


class LiveEndpoint(msgspec.Struct):
    """A served name: its champion, the versions that callers have asked for by name, its trials, its shadows.

    ``sender`` lasts as long as the upstreams and the limits stay the same. ``counts`` turns False once an upstream was
    found not to know how a stream is asked to count its tokens.
    """

    endpoint: Endpoint
    champion: LiveArm
    sender: EndpointSender
    versions: dict[str, LiveArm] = msgspec.field(default_factory=dict)
    trials: list[LiveTrial] = msgspec.field(default_factory=list)
    shadows: dict[str, LiveArm] = msgspec.field(default_factory=dict)
    counts: bool = True

    def choose(self, ask: Ask, key: str, now_ms: int) -> tuple[LiveArm, Given, LiveArm]:
        """The arm for a request, as it was given, and the control that answers if it fails. ``key`` is what sticks."""
        if not self.trials:
            return self.champion, self.champion.given, self.champion
        for live in self.trials:
            namespace = live.trial.spec.namespace
            if namespace is None or namespace == ask.namespace:
                return _chosen(live, key, now_ms)
        return self.champion, self.champion.given, self.champion


def _chosen(live: LiveTrial, key: str, now_ms: int) -> tuple[LiveArm, Given, LiveArm]:
    trial, control = live.trial, live.control
    assignment = assign(trial, key, now_ms)
    if assignment is None:
        return control, control.given, control
    arm = live.arms.get(assignment.arm)
    if arm is None:
        return control, control.given, control
    given = msgspec.structs.replace(arm.given, trial_id=trial.trial_id, phase=assignment.phase, unit=assignment.unit)
    return arm, given, control


class Table(msgspec.Struct, frozen=True):
    """All that is served. ``passed`` answers for models that are not packaged, where that is allowed."""

    endpoints: Mapping[str, LiveEndpoint] = msgspec.field(default_factory=dict)
    passed: LiveEndpoint | None = None

    @property
    def max_request_bytes(self) -> int:
        """The largest body that any endpoint takes."""
        known = [*self.endpoints.values(), *([self.passed] if self.passed else [])]
        return max((live.endpoint.limits.max_request_bytes for live in known), default=1 << 20)


class Live:
    """The table that requests read. ``install`` is called in the event loop."""

    def __init__(self, table: Table, *, grace_s: float = 30.0) -> None:
        self._grace_s = grace_s
        self.table = table
        self.max_request_bytes = table.max_request_bytes
        self._retiring: set[asyncio.Task[None]] = set()

    def install(self, table: Table, retired: Iterable[EndpointSender] = ()) -> None:
        """Serve this table from now on, and close senders that it needs no more once they have answered."""
        self.table = table
        self.max_request_bytes = table.max_request_bytes
        for sender in retired:
            task = asyncio.get_running_loop().create_task(_close(sender, self._grace_s))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        """Close all connections to upstreams."""
        table = self.table
        for live in [*table.endpoints.values(), *([table.passed] if table.passed else [])]:
            await _close(live.sender, 0.0)


async def _close(sender: EndpointSender, grace_s: float) -> None:
    try:
        await sender.close(grace_s=grace_s)
    except Exception:
        _logger.warning("The connections of an upstream could not be closed", exc_info=True)
