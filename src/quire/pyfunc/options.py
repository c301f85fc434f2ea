"""What a caller may say about one prediction, besides the model's own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from quire.caller import CallerOptions
from quire.domain.errors import InvalidInput
from quire.domain.policy import OnUnknown

OnError = Literal["raise", "return"]


class PredictOptions(TypedDict, total=False):
    """Keywords of ``predict`` and its relatives; each may be left out.

    ``on_unknown_params``: ``"raise"`` refuses a parameter that the model does not open, ``"ignore"`` leaves it out
    with a warning. ``on_error``: ``"raise"`` raises PredictionError when rows failed, ``"return"`` puts a RowFailure
    in the place of each. ``resume``: path of a journal, from which a batch that was interrupted goes on.
    ``progress``: show a bar or not; by default on a terminal and in a notebook. The others are those of
    :class:`quire.caller.CallerOptions`: ``max_concurrency`` requests in flight, ``max_retries`` after the first
    attempt, ``timeout`` in seconds for one attempt, ceilings a minute, and a spend limit in US dollars.
    """

    on_unknown_params: OnUnknown
    on_error: OnError
    max_concurrency: int
    max_retries: int
    timeout: float
    max_requests_per_minute: float | None
    max_tokens_per_minute: float | None
    max_cost_usd: float | None
    resume: str | Path | None
    progress: bool | None


_CHOICES: dict[str, tuple[str, ...]] = {"on_unknown_params": ("raise", "ignore"), "on_error": ("raise", "return")}


def checked_options(options: PredictOptions) -> None:
    """Raise InvalidInput for an option that does not exist or has a value out of a closed set."""
    unknown = sorted(set(options) - set(PredictOptions.__annotations__))
    if unknown:
        known = ", ".join(PredictOptions.__annotations__)
        raise InvalidInput(
            f"predict has no option {unknown[0]!r}. Its options are {known}; inference parameters such as temperature "
            "are given as params={...}."
        )
    for name, choices in _CHOICES.items():
        value: Any = options.get(name, choices[0])
        if value not in choices:
            raise InvalidInput(f"{name} is {value!r}; expected one of {choices}.")


def caller_options(options: PredictOptions, params: Mapping[str, Any], model_id: str | None = None) -> CallerOptions:
    """What the caller follows: an option of this prediction, else the model's own parameter of that name."""
    given: dict[str, Any] = {**params, **{name: value for name, value in options.items() if value is not None}}
    given["model_id"] = model_id
    return CallerOptions(**{name: given[name] for name in CallerOptions.__struct_fields__ if name in given})
