"""The scorer or judge that a trial's metric names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.trials import TrialMetric
from quire.scorers.by_name import named_scorer
from quire.trials.scored import JUDGES, PACKAGED


def scorer_of(metric: TrialMetric) -> Any:
    """The scorer of a metric, made once: one of Quire's by name, a judge that comes with Quire, or a packaged judge.

    A packaged judge is named by its model URI. Raises InvalidInput for a name or parameters that there are not.
    """
    return _made(metric.scorer or metric.name, msgspec.json.encode(metric.parameters, order="sorted"))


@lru_cache(maxsize=256)
def _made(name: str, parameters: bytes) -> Any:
    given: dict[str, Any] = msgspec.json.decode(parameters)
    if name.startswith(PACKAGED):
        from quire.judges import load_judge

        return load_judge(name, **given)
    if name in JUDGES:
        return _judge(name, given)
    return named_scorer(name, given)


def _judge(name: str, given: Mapping[str, Any]) -> Any:
    from quire import judges

    fields = dict(given)
    try:
        if name == "rubric" and isinstance(fields.get("levels"), Mapping):  # keys of JSON are text
            fields["levels"] = {int(level): said for level, said in fields["levels"].items()}
        return getattr(judges, name)(**fields)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"The judge {name!r} does not take that: {error}.") from None
