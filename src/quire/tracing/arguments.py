"""The arguments of a call by their names, as the inputs of its span."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SELF = ("self", "cls")


class Arguments:
    """What the arguments of a function are called. Defaults are among them; ``self`` and ``cls`` are not."""

    def __init__(self, func: Callable[..., Any]) -> None:
        try:
            self._signature: inspect.Signature | None = inspect.signature(func)
        except (TypeError, ValueError):
            self._signature = None
        self._names: tuple[str, ...] | None = None
        self._defaults: dict[str, Any] = {}
        if self._signature is not None:
            self._note_simple(self._signature)

    def _note_simple(self, signature: inspect.Signature) -> None:
        """Most functions have plain parameters alone, whose arguments need no binding."""
        parameters = list(signature.parameters.values())
        if all(item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for item in parameters):
            self._names = tuple(item.name for item in parameters)
            self._defaults = {item.name: item.default for item in parameters if item.default is not item.empty}

    def named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name; in their order if they do not fit the function."""
        names = self._names
        if names is None or len(args) > len(names):
            return self._bound(args, kwargs)
        found = dict(zip(names, args, strict=False))
        used = 0
        for name in names[len(args) :]:
            if name in kwargs:
                found[name] = kwargs[name]
                used += 1
            elif name in self._defaults:
                found[name] = self._defaults[name]
            else:
                return self._bound(args, kwargs)
        if used != len(kwargs):
            return self._bound(args, kwargs)
        if names and names[0] in _SELF:
            del found[names[0]]
        return found

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if self._signature is None:
            return {"args": list(args), "kwargs": dict(kwargs)}
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:
            return {"args": list(args), "kwargs": dict(kwargs)}
        bound.apply_defaults()
        return {key: value for key, value in bound.arguments.items() if key not in _SELF}
