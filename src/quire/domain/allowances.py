"""What a token may ask endpoints for: which parameters it may set and how high, how often, for how much money."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, PolicyError

OF_REQUEST = frozenset(
    {
        "model", "messages", "prompt", "input", "instructions", "variables", "stream", "stream_options", "user",
        "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "metadata", "store",
        "service_tier", "previous_response_id", "conversation", "encoding_format",
    }
)  # fmt: skip
"""Fields of a request that are no parameters of the model: what is asked, by whom, in what form."""
LENGTHS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
"""The names of one parameter: how long an answer may be. A maximum of one of them is one of all."""
MAX_NAMES = 200
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class Allowance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much a token may ask for: requests and tokens (in and out) per minute, US dollars per day (UTC).

    None is no limit.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    usd_per_day: float | None = None

    @property
    def is_limited(self) -> bool:
        """Whether it limits anything."""
        return self != UNLIMITED


class ParameterRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which parameters of a model a token may set (``only``; None: those that the endpoint opens), and how high.

    ``most`` is the largest value of numeric ones. It narrows what an endpoint opens and never widens it.
    """

    only: tuple[str, ...] | None = None
    most: Mapping[str, float] = msgspec.field(default_factory=dict)

    @property
    def is_limited(self) -> bool:
        """Whether it limits anything."""
        return self.only is not None or bool(self.most)


class Used(msgspec.Struct, frozen=True):
    """What a token has used: requests, tokens (in and out), US dollars."""

    requests: int = 0
    tokens: int = 0
    usd: float = 0.0


UNLIMITED = Allowance()
ANY_PARAMETER = ParameterRule()


class ParameterRefused(PolicyError):
    """A parameter that a token may not set, or not so high; ``param`` is its name."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


def check_parameters(rule: ParameterRule, body: Mapping[str, Any]) -> None:
    """Raise ParameterRefused for a request that sets what the rule does not allow."""
    if rule.only is not None:
        for name, value in body.items():
            if name not in rule.only and name not in OF_REQUEST and value is not None:
                allowed = ", ".join(rule.only) or "none"
                raise ParameterRefused(
                    f"The token may not set the parameter {name[:64]!r}. It may set: {allowed}. Leave it out, or ask "
                    "for a token that may.",
                    name,
                )
    for name, most in rule.most.items():
        for alias in LENGTHS if name in LENGTHS else (name,):
            _check_most(alias, body.get(alias), most)


def _check_most(name: str, value: Any, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterRefused(f"{name} is {str(value)[:60]!r}; expected a number up to {most:g}.", name)
    if not value <= most:
        raise ParameterRefused(
            f"{name} is {value:g}; this token may ask for at most {most:g}. Lower it, or ask for a token that may.",
            name,
        )


def check_allowance(allowance: Allowance) -> Allowance:
    """An allowance of positive numbers. Raises InvalidInput."""
    for name in allowance.__struct_fields__:
        value = getattr(allowance, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InvalidInput(
                f"{name} of the token is {value:g}; expected a number above 0. Leave it out for no limit."
            )
    return allowance


def check_rule(rule: ParameterRule) -> ParameterRule:
    """A rule whose names are those of parameters. Raises InvalidInput."""
    names = [*(rule.only or ()), *rule.most]
    if len(names) > MAX_NAMES:
        raise InvalidInput(f"The token names {len(names):,} parameters; at most {MAX_NAMES} are allowed.")
    for name in names:
        if not _NAME.fullmatch(name) or name in OF_REQUEST:
            raise InvalidInput(
                f"The token names the parameter {name[:60]!r}; expected one of a model, such as temperature or "
                "max_tokens."
            )
    for name, most in rule.most.items():
        if not (math.isfinite(most) and most >= 0):
            raise InvalidInput(f"The largest {name} of the token is {most:g}; expected a number from 0.")
    return rule
