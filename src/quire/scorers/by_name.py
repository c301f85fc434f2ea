"""Quire's own scorers by their names, for files that say which to use."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from quire.domain.errors import InvalidInput

_NOT_BY_NAME = {"FunctionScorer", "MlflowScorer", "Scorer"}


@lru_cache(maxsize=1)
def known_scorers() -> dict[str, type[Any]]:
    """Quire's own scorers by the names that files use."""
    from quire import scorers

    classes = [getattr(scorers, name) for name in scorers.__all__ if name not in _NOT_BY_NAME]
    found = [one for one in classes if inspect.isclass(one) and issubclass(one, scorers.Scorer)]
    return {_snake(one.__name__): one for one in found}


def named_scorer(name: str, parameters: Mapping[str, Any]) -> Any:
    """The scorer of a name (``exact_answer``, ``ExactAnswer``), with parameters. InvalidInput lists the names."""
    known = known_scorers()
    kind = known.get(_snake(name))
    if kind is None:
        raise InvalidInput(f"There is no scorer {name!r}. Quire's scorers: {', '.join(sorted(known))}.")
    try:
        return kind(**parameters)
    except TypeError as error:
        accepted = ", ".join(inspect.signature(kind).parameters)
        raise InvalidInput(f"The scorer {name!r} does not take that: {error}. Its parameters: {accepted}.") from None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
