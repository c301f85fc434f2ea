"""What was changed about an endpoint, by whom and why; and taking a promotion back."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidState, QuireError
from quire.domain.promotions import Promotion, promotions_in
from quire.domain.protojson import Message, Required
from quire.domain.uris import RegisteredModelUri, parse_model_uri
from quire.server.auth.asking import asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.routes.endpoint_overviews import what_serves
from quire.server.unsigned import NOBODY
from quire.store.access import AccessStore
from quire.store.rest.wire.serving import OfEndpoint
from quire.store.serving import serving_of

calls = Calls("quire", "v1", tag="Endpoints")
_ENDPOINT = "/api/quire/v1/endpoints/{name}"
_MOST_EVENTS = 100


class RollEndpointBack(OfEndpoint, frozen=True, kw_only=True):
    """``POST endpoints/{name}/rollback``; ``expected`` is the version that serves now, if it was looked at."""

    reason: Required
    expected: str | None = None


class RolledBackResponse(Message, frozen=True, kw_only=True):
    """The alias that was moved back, from which version to which."""

    model: str
    old: str | None
    new: str | None


@calls.write("POST", f"{_ENDPOINT}/rollback")
def roll_endpoint_back(context: Context, request: RollEndpointBack) -> RolledBackResponse:
    """Move the alias that an endpoint serves back to the version that it had before, and record that."""
    from quire.rollout.promoting import rollback_in

    endpoint = serving_of(context.store).get_endpoint(request.name)
    version = what_serves(context, endpoint).version
    if request.expected is not None and request.expected != version:
        raise InvalidState(
            f"{endpoint.model} is at version {version} now, not at {request.expected}: somebody moved it meanwhile. "
            "Look at it again before you roll it back."
        )
    moved = rollback_in(context.registry, endpoint.model, reason=request.reason, by=asked_by() or NOBODY)
    return RolledBackResponse(model=endpoint.model, old=moved.old, new=moved.new)


class EndpointEvent(Message, frozen=True, kw_only=True):
    """Something that became of an endpoint: of its settings (``changed`` names them), or of the alias that it serves
    (from version ``old`` to ``new``, on this ``evidence``)."""

    at: int
    kind: Literal["created", "changed", "deleted", "promoted", "rolled back"]
    by: str = ""
    reason: str = ""
    changed: list[str] = msgspec.field(default_factory=list)
    old: str | None = None
    new: str | None = None
    evidence: list[str] = msgspec.field(default_factory=list)
    forced: bool = False


class EndpointRecordResponse(Message, frozen=True, kw_only=True):
    """The last hundred changes of an endpoint's settings and of the alias that it serves, newest first."""

    events: list[EndpointEvent] = msgspec.field(default_factory=list)


@calls.read("GET", f"{_ENDPOINT}/record", reads="point")
def get_endpoint_record(context: Context, request: OfEndpoint) -> EndpointRecordResponse:
    """What was changed about an endpoint, by whom and why: its settings, and the alias that it serves."""
    endpoint = serving_of(context.store).get_endpoint(request.name)
    events = [*_settings_events(context, endpoint.name), *_alias_events(context, endpoint)]
    newest = sorted(events, key=lambda event: event.at, reverse=True)
    return EndpointRecordResponse(events=newest[:_MOST_EVENTS])


def _alias_events(context: Context, endpoint: Endpoint) -> list[EndpointEvent]:
    parsed = parse_model_uri(endpoint.model)
    if not isinstance(parsed, RegisteredModelUri) or parsed.alias is None:
        return []
    try:
        tags = context.registry.get_registered_model(parsed.name).tags
    except QuireError:
        return []
    return [_alias_event(one) for one in promotions_in(tags, parsed.alias)]


def _alias_event(event: Promotion) -> EndpointEvent:
    return EndpointEvent(
        at=event.at,
        kind="rolled back" if event.kind == "rollback" else "promoted",
        by=event.by,
        reason=event.reason,
        old=event.old,
        new=event.new,
        evidence=event.evidence,
        forced=event.forced,
    )


def _settings_events(context: Context, name: str) -> list[EndpointEvent]:
    access: AccessStore | None = getattr(context.store, "access", None)
    if access is None:
        return []
    found = access.search_audit(entity=f"endpoint:{name}", max_results=_MOST_EVENTS)
    return [
        _settings_event(entry.time, entry.username, entry.action, _read(entry.before), _read(entry.after))
        for entry in found
        if entry.action in ("put_endpoint", "delete_endpoint")
    ]


def _settings_event(at: int, by: str, action: str, before: Any, after: Any) -> EndpointEvent:
    new, old = after.get("endpoint"), before
    kind: Literal["created", "changed", "deleted"] = "deleted" if action == "delete_endpoint" else "changed"
    if kind == "changed" and not old:
        kind = "created"
    changed: list[str] = []
    if kind == "changed" and isinstance(new, dict) and "cut" not in old:
        left_out = {"revision", "creation_time", "last_update_time", "name"}
        changed = sorted(field for field in {*old, *new} - left_out if old.get(field) != new.get(field))
    return EndpointEvent(at=at, kind=kind, by=by, reason=str(after.get("reason", "")), changed=changed)


def _read(text: str | None) -> Any:
    try:
        found = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
