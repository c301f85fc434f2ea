"""Calling a scorer for one answer: what it says becomes scores, and what goes wrong becomes one too."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from typing import Any

from quire.domain.errors import QuireError
from quire.domain.redaction import redact
from quire.domain.scores import Measured, Score, ScoreKind, ScoreValue
from quire.scorers.base import Scorer

_UNNAMED = "feedback"
"""The name that MLflow gives to a Feedback without one."""
_WORDS: dict[object, bool] = {"yes": True, "no": False, "true": True, "false": False, 1: True, 0: False}
_EXPECTED = "a bool, number or text, a Feedback, a list or mapping of these, or None"
_MAX_ERROR = 2_000


class WrongType(QuireError):
    """What a scorer said is not what scorers say."""


def score(
    scorer: Scorer,
    *,
    inputs: Mapping[str, Any] | None = None,
    outputs: Any = None,
    expectations: Mapping[str, Any] | None = None,
    trace: Any = None,
    measured: Measured | None = None,
) -> list[Score]:
    """What a scorer says of one answer. A scorer that raises or says something else gives a Score with an error.

    Values are checked against the scorer's ``kind``: a binary scorer says True or False (1 and 0, "yes" and "no" are
    taken as these), one of numbers a finite number or NaN, which counts as missing.
    """
    given = {
        "inputs": inputs,
        "outputs": outputs,
        "expectations": expectations,
        "trace": trace,
        "measured": _NOTHING if measured is None else measured,
    }
    try:
        said = scorer(**{name: given[name] for name in scorer.asks})
        return read_scores(scorer.name, scorer.kind, said)
    except Exception as error:
        return [failed(scorer.name, error)]


_NOTHING = Measured()


def failed(name: str, error: Exception | str) -> Score:
    """The score of a scorer that could not say anything."""
    if isinstance(error, QuireError):
        text = error.message
    elif isinstance(error, Exception):
        text = redact(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    else:
        text = redact(error)
    return Score(name=name, error=text[:_MAX_ERROR])


def read_scores(name: str, kind: ScoreKind | None, said: Any) -> list[Score]:
    """What a scorer said, as scores: a mapping's are named NAME/KEY. Raises WrongType for what is no score."""
    if said is None or isinstance(said, bool | int | float | str):
        return [Score(name=name, value=read_value(kind, said))]
    if isinstance(said, Score):
        return [said]
    if isinstance(said, Mapping):
        return [_renamed(f"{name}/{key}", kind, item) for key, item in said.items()]
    if isinstance(said, list | tuple):
        return _listed(name, kind, said)
    return [_one(name, kind, said)]


def _listed(name: str, kind: ScoreKind | None, items: Sequence[Any]) -> list[Score]:
    for item in items:
        if not (isinstance(item, Score) or _is_feedback(item)):
            raise WrongType(
                f"A list holds a {type(item).__name__}; expected Feedback objects, each with a name. Give a mapping "
                "from names to values instead."
            )
    scores = [_one(name, kind, item) for item in items]
    names = [one.name for one in scores]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise WrongType(f"Two scores of one answer have the name {twice[0]!r}; give each a name of its own.")
    return scores


def _renamed(name: str, kind: ScoreKind | None, item: Any) -> Score:
    one = _one(name, kind, item)
    return (
        one
        if one.name == name
        else Score(name=name, value=one.value, error=one.error, rationale=one.rationale, metadata=one.metadata)
    )


def _one(name: str, kind: ScoreKind | None, said: Any) -> Score:
    if isinstance(said, Score):
        return said
    if _is_feedback(said):
        return _from_feedback(name, kind, said)
    return Score(name=name, value=read_value(kind, said))


def _is_feedback(said: Any) -> bool:
    """Whether it is a Feedback, Quire's or MLflow's."""
    return hasattr(said, "value") and hasattr(said, "rationale") and not isinstance(said, enum.Enum)


def _from_feedback(name: str, kind: ScoreKind | None, said: Any) -> Score:
    own = getattr(said, "name", None)
    error = getattr(said, "error", None)
    named = name if own in (None, "", _UNNAMED) else str(own)
    return Score(
        name=named,
        value=None if error else read_value(kind if named == name else None, said.value),
        error=redact(str(getattr(error, "error_message", None) or error)) if error else None,
        rationale=redact(str(said.rationale or "")),
        metadata={str(key): redact(str(value)) for key, value in (getattr(said, "metadata", None) or {}).items()},
    )


def read_value(kind: ScoreKind | None, value: Any) -> ScoreValue | None:
    """A value as scores keep it; NaN is None. Raises WrongType."""
    if isinstance(value, enum.Enum):
        value = value.value
    elif not isinstance(value, bool | int | float | str) and hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()  # a scalar of NumPy, or of something like it
    if value is None or (isinstance(value, float) and value != value):
        return None
    if not isinstance(value, bool | int | float | str):
        raise WrongType(f"The scorer said {_shown(value)}, a {type(value).__name__}; expected {_EXPECTED}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongType(f"The scorer said {value}; expected a finite number, or None or NaN for a missing one.")
    return value if kind is None else _READERS[kind](value)


def _binary(value: ScoreValue) -> bool:
    if isinstance(value, bool):
        return value
    found = _WORDS.get(value.strip().lower() if isinstance(value, str) else value)
    if found is None:
        raise WrongType(f"The scorer said {_shown(value)}, and it is a binary one; expected True or False.")
    return found


def _number(value: ScoreValue) -> bool | int | float:
    if isinstance(value, str):
        raise WrongType(f"The scorer said {_shown(value)}, and it is one of numbers; expected a number.")
    return value


def _text(value: ScoreValue) -> str:
    if not isinstance(value, str):
        raise WrongType(f"The scorer said {_shown(value)}, and it is one of words; expected text.")
    return value


_READERS: dict[ScoreKind, Any] = {"binary": _binary, "number": _number, "text": _text}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
