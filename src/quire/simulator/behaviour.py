"""How a simulator behaves: everything that can be told to it, as one value."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args

import msgspec

from quire.domain.errors import InvalidInput
from quire.simulator.latency import Latency, parse_latency

FaultKind = Literal[
    "rate_limit",
    "server_error",
    "unavailable",
    "timeout",
    "disconnect",
    "truncate",
    "broken_stream",
    "malformed",
]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_ALIASES: dict[str, FaultKind] = {"429": "rate_limit", "500": "server_error", "503": "unavailable"}


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a simulator does; the default answers at once, without limits or faults. Immutable and validated.

    seed: with the request's content, decides every generated word, number and fault.
    echo: answer with what was received instead of generated text: chat with ``json.dumps(messages)``, completions
        with the prompt, responses with the input (a string as it is, items as JSON), embeddings with
        ``[0.1, 0.2, 0.3]`` as plain floats. Never cut by ``max_tokens``; no tool is called.
    recording: a JSONL file, or the same as a mapping ``{question: answer}`` or a list of records; see
        :mod:`quire.simulator.recording`. A file of ``quire.openai.record`` is one too.
    unknown_question: what a request gets whose question the recording lacks: simulated text, or a 404 that says so.
    call_tools: when a tool is called: ``"required"`` only when the request demands it, ``"auto"`` also under
        ``tool_choice="auto"`` unless the conversation ends with a tool's answer.
    models: the model names that exist; None accepts every name.
    api_keys: the keys that are accepted; None accepts every key that is not empty.
    latency_ms: milliseconds before an answer (the first byte of a stream): a number, or a distribution written
        ``"fixed:50"``, ``"uniform:20:80"`` (bounds), ``"lognormal:50:0.5"`` (median, sigma of the logarithm).
    token_latency_ms: further milliseconds for each generated token; in a stream, the pause between its events.
    requests_per_minute, tokens_per_minute: limits for each model, refilled continuously; None is no limit.
    error_rates: share of requests, 0 to 1, that meet a fault, by kind: ``rate_limit`` (429), ``server_error`` (500),
        ``unavailable`` (503), ``timeout`` (never answered), ``disconnect`` (connection closed without an answer),
        ``truncate`` (closed in the middle of the body), ``broken_stream`` (a stream, closed in its middle),
        ``malformed`` (200 with a body that is not JSON). A request's fault depends on the seed, its body and how
        often that body was sent, not on the order in which requests arrive.
    retry_after_ms: what the 429s and 503s of ``error_rates`` ask the client to wait, in milliseconds.
    pause_at_request, pause_s: the request of that number (from 1) is refused once, with 429 and a ``retry-after``
        of ``pause_s`` seconds.
    clock: seconds since the epoch that every answer states as its time; ids then depend on the request alone. None
        states the real time and gives every answer an id of its own.
    """

    seed: int = 0
    echo: bool = False
    recording: Any = None
    unknown_question: Literal["simulate", "error"] = "simulate"
    call_tools: Literal["required", "auto"] = "required"
    models: tuple[str, ...] | None = None
    api_keys: tuple[str, ...] | None = None
    latency_ms: float | str = 0.0
    token_latency_ms: float = 0.0
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    error_rates: Mapping[str, float] = {}
    retry_after_ms: float = 1000.0
    pause_at_request: int | None = None
    pause_s: float = 0.0
    clock: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.error_rates, Mapping):  # YAML, and people, write 429 as a number
            msgspec.structs.force_setattr(self, "error_rates", {str(kind): r for kind, r in self.error_rates.items()})
        for name, kind in _field_types().items():
            try:
                msgspec.structs.force_setattr(self, name, msgspec.convert(getattr(self, name), kind))
            except msgspec.ValidationError as error:
                raise InvalidInput(f"Behaviour: {name} is {getattr(self, name)!r}. {error}.") from None
        parse_latency(self.latency_ms)
        _require_not_negative("token_latency_ms", self.token_latency_ms)
        _require_not_negative("retry_after_ms", self.retry_after_ms)
        _require_not_negative("pause_s", self.pause_s)
        for name in ("requests_per_minute", "tokens_per_minute", "pause_at_request"):
            _require_at_least_one(name, getattr(self, name))
        self.fault_rates()

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Behaviour:
        """A behaviour from plain values by field. Raises InvalidInput for a name that is no field, or a wrong value."""
        fields = cls.__struct_fields__
        for name in values:
            if name not in fields:
                close = get_close_matches(str(name), fields, n=1)
                hint = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(fields)}."
                raise InvalidInput(f"Behaviour has no field {name!r}. {hint}")
        return cls(**values)

    @property
    def latency(self) -> Latency:
        """The distribution of the latency before an answer."""
        return parse_latency(self.latency_ms)

    def fault_rates(self) -> dict[FaultKind, float]:
        """The error rates under their own names. Raises InvalidInput for an unknown kind or shares beyond 1."""
        rates: dict[FaultKind, float] = {}
        for given, rate in self.error_rates.items():
            kind = _ALIASES.get(given, given)
            if kind not in FAULT_KINDS:
                raise InvalidInput(f"Unknown kind {given!r} in error_rates. Use one of: {', '.join(FAULT_KINDS)}.")
            if not 0 <= rate <= 1:
                raise InvalidInput(f"error_rates[{given!r}] is {rate!r}. Give a share from 0 to 1.")
            rates[kind] = rates.get(kind, 0.0) + rate
        total = sum(rates.values())
        if total > 1 + 1e-9:
            raise InvalidInput(f"error_rates add up to {total:g}. Their sum may be at most 1.")
        return rates


@functools.cache
def _field_types() -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(Behaviour) if field.name != "recording"}


def _require_not_negative(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise InvalidInput(f"{name} is {value!r}. Give a number that is 0 or more.")


def _require_at_least_one(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise InvalidInput(f"{name} is {value!r}. Give a whole number from 1, or None.")
