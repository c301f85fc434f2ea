"""What a user may say about how calls are carried out, and the account of what happened."""

from __future__ import annotations

import math
import time

import msgspec

from quire.domain.calls import Answer, Failure, Outcome, Usage, model_name
from quire.domain.errors import InvalidInput


class CallerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How calls are carried out.

    ``max_concurrency``: requests in flight at most; fewer when the service says so. ``max_retries``: attempts
    after the first, for each call. ``timeout``: seconds for one attempt. ``max_requests_per_minute``,
    ``max_tokens_per_minute``: ceilings besides those that the service states. ``max_cost_usd``: stop sending before
    more than this is spent on the batch, what its journal already holds included. ``model_id``: the logged model that
    asks, which traces of the calls name.
    """

    max_concurrency: int = 64
    max_retries: int = 10
    timeout: float = 600.0
    max_requests_per_minute: float | None = None
    max_tokens_per_minute: float | None = None
    max_cost_usd: float | None = None
    model_id: str | None = None

    def __post_init__(self) -> None:
        _at_least("max_concurrency", self.max_concurrency, 1)
        _at_least("max_retries", self.max_retries, 0)
        for name in ("timeout", "max_requests_per_minute", "max_tokens_per_minute", "max_cost_usd"):
            value = getattr(self, name)
            if value is not None or name == "timeout":
                _above_zero(name, value)


def _at_least(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInput(f"{name} is {value!r}; expected a whole number of at least {least}.")


def _above_zero(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InvalidInput(f"{name} is {value!r}; expected a number above 0.")


class Report:
    """The account of a batch; valid while it runs and after.

    ``rows`` and ``failed`` count input rows, ``replayed`` those answered from a journal; ``requests`` counts
    requests sent, retries included; ``waited_s`` is time spent held back by limits, summed over workers.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.failed = 0
        self.replayed = 0
        self.requests = 0
        self.retries = 0
        self.waited_s = 0.0
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._usage: dict[str, list[int]] = {}
        self._latency_sum = 0.0
        self._answers = 0

    def count(self, outcome: Outcome) -> None:
        """Account for one finished call."""
        rows = len(outcome.call.rows)
        self.rows += rows
        if isinstance(outcome, Failure):
            self.failed += rows
            return
        if outcome.replayed:
            self.replayed += rows
        self._answers += 1
        self._latency_sum += outcome.latency
        self._count_usage(outcome)

    def _count_usage(self, answer: Answer) -> None:
        usage = answer.usage
        totals = self._usage.setdefault(model_name(answer.call), [0, 0, 0, 0])
        totals[0] += usage.input_tokens
        totals[1] += usage.output_tokens
        totals[2] += usage.cached_input_tokens
        totals[3] += usage.reasoning_tokens

    def end(self) -> None:
        """Stop the clock."""
        self._ended = time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the batch began, until it ended."""
        return (self._ended or time.perf_counter()) - self._started

    @property
    def usage(self) -> Usage:
        """Tokens in all, answers from a journal included."""
        totals = list(self._usage.values())
        return Usage(*(sum(column) for column in zip(*totals, strict=True))) if totals else Usage()

    @property
    def mean_latency_s(self) -> float | None:
        """Mean seconds of the successful attempts; None before the first."""
        return self._latency_sum / self._answers if self._answers else None

    @property
    def cost_usd(self) -> float | None:
        """US dollars in all; None when the price of a model is not known."""
        from quire.caller.cost import cost_usd

        costs = [cost_usd(model, Usage(*totals)) for model, totals in self._usage.items()]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def __repr__(self) -> str:
        return (
            f"Report(rows={self.rows}, failed={self.failed}, replayed={self.replayed}, requests={self.requests}, "
            f"retries={self.retries}, elapsed_s={self.elapsed_s:.3f})"
        )
