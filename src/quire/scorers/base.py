"""A scorer: a named object that says of one answer how good it is."""

from __future__ import annotations

import abc
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import Score, ScoredRow, ScoreKind
from quire.scorers.spend import Spend

ARGUMENTS = ("inputs", "outputs", "expectations", "trace", "measured")
"""What a scorer may ask for, by the names of its parameters."""


class Scorer(abc.ABC):
    """Base of all scorers. A subclass has a ``name`` and is called with what its ``__call__`` names, by keyword.

    It may ask for ``inputs`` (a mapping), ``outputs`` (what the variant answered), ``expectations`` (a mapping or
    None), ``trace`` (a :class:`quire.entities.Trace` or None) and ``measured`` (a
    :class:`quire.domain.scores.Measured`). It answers with a value (bool, number, text), a
    :class:`quire.entities.Feedback`, a list or mapping of these, or None for "nothing to say".

    ``kind`` is what its values are: ``binary``, ``number`` or ``text``; None where only the values show it.
    ``higher_is_better`` says which way is up. A scorer that asks a service has ``score_batch(rows)``, from an
    iterable of :class:`quire.domain.scores.ScoredRow` to an iterator of their scores in the same order, and ``spent``.

    Raises InvalidInput, when the class is made, if ``__call__`` asks for anything else.
    """

    name: str = ""
    kind: ScoreKind | None = None
    higher_is_better: bool = True
    revision: ClassVar[int] = 1
    """Counts changes of what a scorer means, so that scores of an older one are not taken for its own."""
    asks: tuple[str, ...] = ()
    """Which arguments it is called with; found from ``__call__``."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__call__" in cls.__dict__:
            cls.asks = asked_for(cls.__call__, f"The scorer {cls.__name__}", skip=1)

    @abc.abstractmethod
    def __call__(self, *args: Any, **available: Any) -> Any:
        """The value for one answer."""

    @functools.cached_property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change when the scorer's parameters, or its code where it is yours, change."""
        kind = type(self)
        said = [f"{kind.__module__}.{kind.__qualname__}", self.revision, self.parameters()]
        if not kind.__module__.startswith("quire."):
            said.append(source_of(kind))
        return digest(said)

    def parameters(self) -> dict[str, Any]:
        """What decides its scores besides its code."""
        fields = getattr(self, "__dataclass_fields__", None)
        if fields is not None:
            return {name: getattr(self, name) for name in fields}
        own = {name: value for name, value in vars(self).items() if name != "fingerprint"}
        return {"name": self.name, **own}

    @property
    def spent(self) -> Spend | None:
        """What its questions to a service have cost so far; None for a scorer that asks none."""
        return None


def asked_for(function: Callable[..., Any], who: str, skip: int = 0) -> tuple[str, ...]:
    """The arguments that a function asks for, in the order of ARGUMENTS; all of them for ``**keywords``.

    Raises InvalidInput for one that there is not, and for a function that must be awaited.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidInput(f"{who} is async; a scorer is an ordinary function. Run the coroutine inside it.")
    if inspect.isgeneratorfunction(function):
        raise InvalidInput(f"{who} yields its scores; return a list of them.")
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{who} has no signature that can be read ({error}). Wrap it in a function.") from None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return ARGUMENTS
    named = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL]
    for parameter in named:
        if parameter.name not in ARGUMENTS and parameter.default is parameter.empty:
            raise InvalidInput(
                f"{who} asks for {parameter.name!r}; a scorer may ask for {', '.join(ARGUMENTS)}. Rename the "
                "parameter, or give it a default."
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise InvalidInput(f"{who} takes {parameter.name!r} by position only; scorers are called by keyword.")
    names = {parameter.name for parameter in named}
    return tuple(name for name in ARGUMENTS if name in names)


def score_rows(scorer: Scorer, rows: Iterable[ScoredRow]) -> Iterator[list[Score]]:
    """The scores of each row in order, asked for together where the scorer can.

    A row without an answer gets one Score without a value, and its scorer is not called.
    """
    from quire.scorers.scoring import score

    together: Callable[[Iterable[ScoredRow]], Iterator[list[Score]]] | None = getattr(scorer, "score_batch", None)
    if together is not None:
        yield from together(rows)
        return
    for row in rows:
        if row.error is not None:
            yield [Score(name=scorer.name)]
            continue
        yield score(
            scorer, inputs=row.inputs, outputs=row.outputs, expectations=row.expectations, measured=row.measured
        )


def digest(said: Any) -> str:
    """SHA-256 of a value's JSON, its keys in order; of its text, where it has no JSON."""
    try:
        text = msgspec.json.encode(said, order="deterministic", enc_hook=_described)
    except (RecursionError, TypeError, ValueError):
        text = repr(said).encode("utf-8", "replace")
    return hashlib.sha256(text).hexdigest()


def source_of(thing: Any) -> str:
    """The source text of a function or class; where there is none, its compiled code."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        return repr(thing) if code is None else repr((code.co_code, code.co_names, _constants(code)))


def _constants(code: Any) -> list[Any]:
    return [
        (inner.co_code, inner.co_names, _constants(inner)) if inspect.iscode(inner) else inner
        for inner in code.co_consts
    ]


def _held(cell: Any) -> Any:
    """What a function closes over; of another function the source alone, for it may close over the first."""
    try:
        held = cell.cell_contents
    except ValueError:  # not bound yet
        return None
    return source_of(held) if inspect.isfunction(held) else held


def _described(value: Any) -> Any:
    if isinstance(value, Scorer):
        return value.fingerprint
    if inspect.isfunction(value):
        cells = [_held(cell) for cell in value.__closure__ or ()]
        return [value.__qualname__, source_of(value), cells, value.__defaults__, value.__kwdefaults__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    return repr(value)
