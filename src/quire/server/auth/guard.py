"""Authorization: before each call, its rule is held against who asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from quire.domain.access import Identity, Role, reaches
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied
from quire.server.auth.asking import IDENTITY, MAY_WRITE_TRACES, Asking
from quire.server.auth.logins import Logins
from quire.server.auth.places import Found, Ref, Whereabouts
from quire.server.auth.rule import Need, Rule, route_of
from quire.server.auth.rules import RULES
from quire.server.calls import AnyCall
from quire.server.context import Context
from quire.server.http import Request

_logger = logging.getLogger("quire.server.auth")


class Guard:
    """Refuses what a rule does not allow, and narrows searches to what may be read."""

    def __init__(self, context: Context, whereabouts: Whereabouts, logins: Logins) -> None:
        self._context, self._whereabouts, self._logins = context, whereabouts, logins

    async def __call__(self, call: AnyCall, request: Request, message: msgspec.Struct | None) -> msgspec.Struct | None:
        """The message to use instead, if any. Raises PermissionDenied, or NotFound for what does not exist."""
        rule = RULES.get(route_of(call))
        identity: Identity | None = request.scope.get(IDENTITY)
        if rule is not None and rule.open:
            return None
        if rule is None or identity is None:
            raise PermissionDenied(f"No rule says who may call {call.method} {call.paths[0]}, so nobody may.")
        asking = Asking(identity=identity, call=call, request=request, message=message)
        try:
            await self._check(rule, asking)
        except PermissionDenied:
            asking = await self._check_anew(rule, asking)
        if rule.narrow is None:
            return None
        narrowed: msgspec.Struct | None = rule.narrow(asking.identity, message)
        return narrowed

    async def _check_anew(self, rule: Rule, asking: Asking) -> Asking:
        """Check by what the database says now: another server may just have given them what they lack."""
        identity = await self._logins.renew(asking.identity)
        asking.request.scope[IDENTITY] = identity
        asking = msgspec.structs.replace(asking, identity=identity)
        try:
            await self._check(rule, asking)
        except PermissionDenied as error:
            _logger.info("Refused %s to %r: %s", route_of(asking.call), identity.name, error.message)
            raise
        return asking

    async def _check(self, rule: Rule, asking: Asking) -> None:
        identity = asking.identity
        if rule.person:
            identity.require_person()
        if rule.admin and not (rule.own is not None and not identity.scope.is_limited and rule.own(asking)):
            identity.require_admin()
        if identity.administers:
            return
        if identity.scope.read_only and asking.call.kind == "write":
            raise PermissionDenied(f"The token {identity.token_id} may only read. Use another.")
        if rule.creates is not None:
            identity.require_create(rule.creates)
        if rule.outside is not None:
            await self._refuse_places_of_others(rule.outside(asking))
        for need in rule.needs:
            await self._require(identity, need, list(need.of(asking)))
        if asking.call.paths[0] == "/v1/traces":
            asking.request.scope[MAY_WRITE_TRACES] = partial(self._may_write_traces, identity)

    async def _require(self, identity: Identity, need: Need, refs: Sequence[Ref]) -> None:
        found = self._whereabouts.at_once(refs)
        if found is None:
            found = await self._context.run_look(partial(self._look_up, refs, need.optional))
        for item in found:
            _require_on(identity, need.role, item)

    def _look_up(self, refs: Iterable[Ref], optional: bool) -> list[Found]:
        found = []
        for ref in refs:
            try:
                item = self._whereabouts.look_up(ref)
            except NotFound:
                if not optional:
                    raise
                continue
            except InvalidInput:
                if not optional:
                    raise
                continue  # the call itself says what is wrong with it
            if item is not None:
                found.append(item)
        return found

    async def _refuse_places_of_others(self, refs: Iterable[Ref]) -> None:
        """Files that this server keeps belong to the experiment of their folder: nobody's may be put there."""
        for ref in refs:
            if await self._context.run_look(partial(self._is_kept_here, ref)):
                raise PermissionDenied(
                    f"Only an admin of the server may choose {ref.key[:200]!r}, because this server keeps files there. "
                    "Leave artifact_location out."
                )

    def _is_kept_here(self, ref: Ref) -> bool:
        try:
            return self._whereabouts.look_up(ref) is not None
        except NotFound:
            return True
        except InvalidInput:
            return False  # the call itself says what is wrong with it

    async def _may_write_traces(self, identity: Identity, trace_ids: Iterable[str]) -> None:
        refs = [Ref("trace", item) for item in trace_ids]
        await self._require(identity, Need("editor", lambda _: refs, optional=True), refs)


def _require_on(identity: Identity, role: Role, found: Found) -> None:
    """Of a thing that several experiments use: who may delete it administers them all; else one of them is enough."""
    resources = found.resources
    if not resources:
        identity.require_admin()
    elif role == "admin":
        for resource in resources:
            identity.require(role, resource)
    elif not any(reaches(identity.role_on(resource), role) for resource in resources):
        identity.require(role, resources[0])
