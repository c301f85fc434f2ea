"""From a method and a path to the call that is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from quire.server.calls import AnyCall
from quire.server.errors import not_allowed
from quire.server.http import Request, segments

_VARIABLE = re.compile(r"\{(\w+)(:path)?\}")


class _Pattern(msgspec.Struct, frozen=True):
    """A path with variable parts: ``parts`` in order, each fixed text or the name of a variable."""

    parts: tuple[str | None, ...]
    names: tuple[str, ...]
    rest: str | None
    methods: dict[str, AnyCall]

    def match(self, given: list[str]) -> dict[str, str] | None:
        """The variables of a path, if it has this pattern."""
        count = len(self.parts)
        if len(given) < count or (self.rest is None and len(given) > count):
            return None
        values: list[str] = []
        for part, text in zip(self.parts, given, strict=False):
            if part is None:
                values.append(text)
            elif part != text:
                return None
        found = dict(zip(self.names, values, strict=True))
        if self.rest is not None:
            found[self.rest] = "/".join(given[count:])
        return found if all(found.values()) else None


class Router:
    """All calls of a server by method and path."""

    def __init__(self, calls: Iterable[AnyCall], prefix: str = "") -> None:
        self._fixed: dict[str, dict[str, AnyCall]] = {}
        self._patterns: dict[str, _Pattern] = {}
        for call in calls:
            for path in call.paths:
                self._add(prefix + path, call)

    def _add(self, path: str, call: AnyCall) -> None:
        if "{" not in path:
            methods = self._fixed.setdefault(path, {})
        else:
            methods = self._patterns.setdefault(_VARIABLE.sub("{}", path), _pattern(path)).methods
        if call.method in methods:
            raise ValueError(f"{call.method} {path} is registered twice: {methods[call.method].name}, {call.name}")
        methods[call.method] = call

    def find(self, request: Request) -> AnyCall | None:
        """The call that a request means, None if its path is not served here; its variables are put into the request.

        Raises HttpError 405 if the path is served for other methods.
        """
        methods = self._fixed.get(request.path)
        if methods is None:
            methods = self._match(request)
            if methods is None:
                return None
        call = methods.get(request.method) or (methods.get("GET") if request.method == "HEAD" else None)
        if call is None:
            allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
            raise not_allowed(request.method, request.path, allowed)
        return call

    def _match(self, request: Request) -> dict[str, AnyCall] | None:
        given = segments(request.scope)
        for pattern in self._patterns.values():
            found = pattern.match(given)
            if found is not None:
                request.parameters = found
                return pattern.methods
        return None


def _pattern(path: str) -> _Pattern:
    parts: list[str | None] = []
    names: list[str] = []
    rest = None
    for part in path.split("/"):
        variable = _VARIABLE.fullmatch(part)
        if variable is None:
            parts.append(part)
        elif variable[2]:
            rest = variable[1]
        else:
            parts.append(None)
            names.append(variable[1])
    return _Pattern(tuple(parts), tuple(names), rest, {})
