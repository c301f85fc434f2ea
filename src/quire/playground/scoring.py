"""The scorers and judges that an evaluation may be started with, as data, and made of what was chosen.

What may be chosen is read from the code: the names, types and defaults of the parameters that a scorer is made with.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from quire.domain.errors import InvalidInput
from quire.playground.messages import REGISTERED, ChosenScorer, ScorerKind, ScorerMessage, ScorerParameter

_MARKS = re.compile("`{1,2}|:(?:func|class):")
_NOT_CHOSEN = ("options",)
_PROSE = ("criterion", "instructions")
_EXPECTED: dict[ScorerKind, str] = {
    "text": "text",
    "prose": "text",
    "flag": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "choice": "one of {choices}",
    "texts": "a list of texts",
    "levels": 'whole numbers with what each means, such as {{"1": "Not at all", "5": "Entirely"}}',
    "json": "a JSON object",
    "judge": "the version of a registered judge, such as models:/judge/1 or models:/judge@champion",
}
Load = Callable[[str], Any]
"""Loads the judge that a model URI names."""


class _Choosable(msgspec.Struct, frozen=True):
    """A scorer that may be chosen: what makes it, and with which parameters."""

    name: str
    make: Callable[..., Any]
    is_judge: bool
    parameters: tuple[ScorerParameter, ...]


def choosable_scorers() -> list[ScorerMessage]:
    """All scorers and judges by name, scorers first, with their parameters."""
    return [
        ScorerMessage(
            name=one.name,
            about=_sentences(one.make.__doc__)[0],
            details=_sentences(one.make.__doc__)[1],
            is_judge=one.is_judge,
            parameters=list(one.parameters),
        )
        for one in _choosable().values()
    ]


def made_scorer(chosen: ChosenScorer, load: Load) -> Any:
    """The scorer that was chosen; ``load`` finds registered judges.

    Raises InvalidInput, naming the scorer, the parameter and what is expected, and MissingExtra.
    """
    known = _choosable()
    found = known.get(chosen.name)
    if found is None:
        raise InvalidInput(f"There is no scorer {chosen.name!r}. Scorers and judges: {', '.join(known)}.")
    values = _checked(found, chosen.parameters)
    if found.name == REGISTERED:
        return load(values["uri"])
    return found.make(**values)


@lru_cache(maxsize=1)
def _choosable() -> dict[str, _Choosable]:
    from quire.judges.by_name import known_judges
    from quire.scorers.by_name import known_scorers

    scorers = [_described(name, make, is_judge=False) for name, make in sorted(known_scorers().items())]
    judges = [_described(name, make, is_judge=True) for name, make in sorted(known_judges().items())]
    return {one.name: one for one in [*scorers, *judges, _described(REGISTERED, _registered, is_judge=True)]}


def _registered(*, uri: str) -> Any:
    """A judge that is a registered model, with its own instructions and model."""
    raise NotImplementedError  # pragma: no cover - registered judges are loaded


def _described(name: str, make: Callable[..., Any], *, is_judge: bool) -> _Choosable:
    hints = get_type_hints(make, localns={"CallerOptions": Any})
    parameters = [
        _parameter(parameter, hints[parameter.name])
        for parameter in inspect.signature(make).parameters.values()
        if parameter.name not in _NOT_CHOSEN
    ]
    return _Choosable(name, make, is_judge, tuple(parameters))


def _parameter(parameter: inspect.Parameter, hint: Any) -> ScorerParameter:
    required = parameter.default is parameter.empty
    kind, choices = _kind(hint)
    if parameter.name in _PROSE:
        kind = "prose"
    if parameter.name == "uri":
        kind = "judge"
    return ScorerParameter(
        name=parameter.name,
        kind=kind,
        required=required,
        default=None if required else parameter.default,
        choices=choices,
        expectation=_EXPECTED[kind].format(choices=", ".join(choices)),
    )


def _kind(hint: Any) -> tuple[ScorerKind, list[str]]:
    """How a parameter of this type is said."""
    if get_origin(hint) in (Union, types.UnionType):
        hints = [one for one in get_args(hint) if one is not type(None)]
        hint = hints[-1]
    if get_origin(hint) is Literal:
        return "choice", [str(one) for one in get_args(hint)]
    if get_origin(hint) is Mapping:
        return ("levels" if get_args(hint)[0] is int else "json"), []
    if get_origin(hint) is Sequence:
        return "texts", []
    simple: dict[Any, ScorerKind] = {str: "text", bool: "flag", int: "whole", float: "number"}
    return simple.get(hint, "json"), []


def _checked(scorer: _Choosable, given: Mapping[str, object]) -> dict[str, Any]:
    """The parameters that were given, each of its type. Those that are null count as not given."""
    known = {parameter.name: parameter for parameter in scorer.parameters}
    values = {name: value for name, value in given.items() if value is not None}
    unknown = next((name for name in values if name not in known), None)
    if unknown is not None:
        raise InvalidInput(
            f"The scorer {scorer.name!r} has no parameter {unknown!r}; it has {', '.join(known) or 'none'}."
        )
    for parameter in scorer.parameters:
        if parameter.required and values.get(parameter.name, "") in ("", [], {}):
            raise InvalidInput(
                f"The scorer {scorer.name!r} needs {parameter.name!r}; expected {parameter.expectation}."
            )
    return {name: _value(scorer.name, known[name], value) for name, value in values.items()}


def _value(scorer: str, parameter: ScorerParameter, value: object) -> Any:
    converted = _converted(parameter, value)
    if converted is None:
        raise InvalidInput(
            f"The scorer {scorer!r} has {parameter.name} = {_shown(value)}; expected {parameter.expectation}."
        )
    return converted


def _converted(parameter: ScorerParameter, value: object) -> Any:
    """The value as its parameter's type; None if it is of another."""
    match parameter.kind:
        case "text" | "prose" | "judge":
            return value if isinstance(value, str) else None
        case "choice":
            return value if value in parameter.choices else None
        case "flag":
            return value if isinstance(value, bool) else None
        case "whole":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "texts":
            return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
        case "levels":
            return _levels(value)
        case "json":
            return value if isinstance(value, dict) else None


def _levels(value: object) -> dict[int, str] | None:
    """Scores with their meanings: JSON's keys are texts."""
    if not isinstance(value, dict) or not all(isinstance(meaning, str) for meaning in value.values()):
        return None
    try:
        return {int(level): meaning for level, meaning in value.items()}
    except ValueError:
        return None


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()[:80]


def _sentences(text: str | None) -> tuple[str, str]:
    """The first sentence of a docstring, and the others but what it raises; without the marks of code."""
    first, *rest = _MARKS.sub("", " ".join((text or "").split())).split(". ")
    kept = [sentence.rstrip(".") for sentence in rest if not sentence.startswith("Raises ")]
    return f"{first.rstrip('.')}.", f"{'. '.join(kept)}." if kept else ""
