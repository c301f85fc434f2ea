"""Scorers of ordinary functions: ``@scorer``, ``as_scorer``, and MLflow's scorer objects."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, overload

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoreKind
from quire.scorers.base import ARGUMENTS, Scorer, asked_for, digest, source_of

_KINDS: dict[Any, ScoreKind] = {bool: "binary", int: "number", float: "number", str: "text"}
_KIND_NAMES = ("binary", "number", "text")


class FunctionScorer(Scorer):
    """A scorer that calls a function. It can still be called as that function."""

    def __init__(self, function: Callable[..., Any], name: str, kind: ScoreKind | None, higher_is_better: bool) -> None:
        self.name = name
        self.kind = kind
        self.higher_is_better = higher_is_better
        self.function = function
        self.asks = asked_for(function, f"The scorer {name!r}")
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **available: Any) -> Any:
        """What the function says."""
        return self.function(*args, **available)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of its name and its function: source, defaults and what it closes over."""
        return digest(["function", self.name, self.kind, self.function])

    def __repr__(self) -> str:
        return f"<scorer {self.name!r}>"


class MlflowScorer(Scorer):
    """A scorer object of MLflow, asked through its ``run``. A trace is handed over as MLflow's own Trace."""

    def __init__(self, wrapped: Any) -> None:
        self.name = str(wrapped.name)
        self.wrapped = wrapped
        named = inspect.signature(wrapped.__call__).parameters
        self.asks = tuple(name for name in ARGUMENTS[:4] if name in named)

    def __call__(self, **available: Any) -> Any:
        """What MLflow's scorer says."""
        given = {name: available.get(name) for name in ("inputs", "outputs", "expectations")}
        return self.wrapped.run(**given, trace=_mlflow_trace(available.get("trace")))

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of its parameters as MLflow writes them, and its source."""
        wrapped = self.wrapped
        function = getattr(wrapped, "_original_func", None)
        return digest(["mlflow", type(wrapped).__qualname__, _written(wrapped), function or source_of(type(wrapped))])


def _written(wrapped: Any) -> str:
    """The parameters of a scorer of MLflow as text. It refuses to write out scorers of a user's class."""
    try:
        return repr(wrapped.model_dump())
    except Exception:
        return repr(sorted((name, repr(value)) for name, value in vars(wrapped).items()))


def _mlflow_trace(trace: Any) -> Any:
    if trace is None or not hasattr(trace, "to_json"):
        return trace
    from mlflow.entities import Trace  # type: ignore[import-not-found, unused-ignore]

    return trace if isinstance(trace, Trace) else Trace.from_json(trace.to_json())


@overload
def scorer(function: Callable[..., Any], /) -> FunctionScorer: ...
@overload
def scorer(
    function: None = None,
    /,
    *,
    name: str | None = None,
    kind: ScoreKind | None = None,
    higher_is_better: bool = True,
    aggregations: Any = None,
) -> Callable[[Callable[..., Any]], FunctionScorer]: ...


def scorer(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    kind: ScoreKind | None = None,
    higher_is_better: bool = True,
    aggregations: Any = None,
) -> FunctionScorer | Callable[[Callable[..., Any]], FunctionScorer]:
    """Make a scorer of a function: ``@scorer``, or ``@scorer(name=…, kind=…, higher_is_better=…)``.

    The function takes any of ``inputs``, ``outputs``, ``expectations``, ``trace`` and ``measured``; ``name`` is by
    default its own, ``kind`` what its return annotation says (bool, int, float, str). ``aggregations`` is accepted
    for MLflow's sake: means, medians and the like are computed from the rows. Raises InvalidInput for a parameter
    that there is not.
    """
    if function is None:
        return lambda given: _scorer(given, name, kind, higher_is_better)
    return _scorer(function, name, kind, higher_is_better)


def _scorer(
    function: Callable[..., Any], name: str | None, kind: ScoreKind | None, higher_is_better: bool
) -> FunctionScorer:
    if not callable(function):
        raise InvalidInput(f"A scorer is made of a function, not of {function!r:.80}.")
    if kind is not None and kind not in _KIND_NAMES:
        raise InvalidInput(f"kind is {kind!r}; expected one of {', '.join(_KIND_NAMES)}.")
    named = name or _name_of(function)
    if not named or named == "<lambda>":
        raise InvalidInput("A lambda has no name to show its scores under; give one: scorer(name='…')(function).")
    return FunctionScorer(function, named, kind or _kind_of(function), higher_is_better)


def _name_of(function: Any) -> str:
    if isinstance(function, functools.partial):
        return _name_of(function.func)
    return str(getattr(function, "__name__", "") or type(function).__name__)


def _kind_of(function: Any) -> ScoreKind | None:
    """The kind that a return annotation says; None where it says nothing of use."""
    try:
        answer = typing.get_type_hints(function).get("return")
    except (NameError, TypeError):
        return None
    if isinstance(answer, types.UnionType) or typing.get_origin(answer) is typing.Union:
        kinds = {_KINDS.get(part) for part in typing.get_args(answer) if part is not type(None)}
        return kinds.pop() if len(kinds) == 1 else None
    return _KINDS.get(answer)


def as_scorer(thing: Any) -> Scorer:
    """A scorer as it is; one made of a scorer object of MLflow or of a function. Raises InvalidInput otherwise."""
    if isinstance(thing, Scorer):
        if not thing.name:
            raise InvalidInput(f"The scorer {thing!r:.80} has no name to show its scores under; give its class a name.")
        return thing
    if inspect.isclass(thing):
        raise InvalidInput(f"{thing.__name__} is a class; give a scorer made of it: {thing.__name__}(…).")
    if any(base.__module__.startswith("mlflow.") and base.__name__ == "Scorer" for base in type(thing).__mro__):
        return MlflowScorer(thing)
    if callable(thing):
        return _scorer(thing, None, None, True)
    raise InvalidInput(
        f"{thing!r:.80} is no scorer; expected a Scorer, a function of {', '.join(ARGUMENTS)}, or a scorer of MLflow."
    )


def as_scorers(things: Any) -> list[Scorer]:
    """A list of scorers out of one or many. Raises InvalidInput for two of one name."""
    listed = list(things) if isinstance(things, list | tuple | set) else [things]
    scorers = [as_scorer(thing) for thing in listed]
    names = [one.name for one in scorers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"Two scorers have the name {twice[0]!r}; give one of them another name (name=…).")
    return scorers
