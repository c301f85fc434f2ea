"""The spend limit: what was spent, what requests in flight may cost, and whether one more fits."""

from __future__ import annotations

from quire.caller.cost import price_of
from quire.caller.pace import input_tokens, most_output_tokens
from quire.domain.calls import Call, Usage
from quire.domain.errors import InvalidInput


class Purse:
    """Money for a batch. A request is sent only if its reservation fits what is left.

    A call that limits its output (``max_tokens``) reserves the most it can cost, so the limit holds. One that does
    not reserves as if it wrote as much as the longest answer so far, and nothing else is sent until a first answer
    has shown how much that is; the limit can then be passed only by what the requests in flight write beyond it.
    """

    def __init__(self, limit_usd: float, model: str, spent: Usage | None = None) -> None:
        price = price_of(model)
        if price is None:
            raise InvalidInput(
                f"max_cost_usd is set, and the price of {model!r} is not known, so the limit could not be kept. "
                "Leave max_cost_usd out, or use a model that the price table of `genai-prices` lists."
            )
        self._price = price
        self.limit_usd = limit_usd
        self.spent_usd = price(spent) if spent is not None else 0.0
        self._reserved_usd = 0.0
        self._reservations = 0
        self._longest_output: int | None = None
        self._input_ratio = 1.0

    def reserve(self, call: Call) -> float | None:
        """Set money aside for a call; None when it does not fit the limit now."""
        estimate = self._estimate(call)
        if estimate is None or self.spent_usd + self._reserved_usd + estimate > self.limit_usd:
            return None
        self._reserved_usd += estimate
        self._reservations += 1
        return estimate

    @property
    def nothing_reserved(self) -> bool:
        """Whether no request in flight could still turn out cheaper than thought."""
        return self._reservations == 0

    def explain_stop(self) -> str:
        """Why nothing more is sent, and what to do."""
        return (
            f"the spend limit of ${self.limit_usd:g} is reached (${self.spent_usd:.6f} spent, and the next request may "
            "pass it). Raise max_cost_usd and run again with the same journal to go on."
        )

    def settle(self, call: Call, reserved: float, usage: Usage | None) -> None:
        """A request ended: free its reservation and pay what it really cost (None: it was not answered)."""
        self._reservations -= 1
        self._reserved_usd = self._reserved_usd - reserved if self._reservations else 0.0
        if usage is None:
            return
        self.spent_usd += self._price(usage)
        each = usage.output_tokens / (len(call.rows) if call.task == "completions" else 1)
        self._longest_output = max(self._longest_output or 0, int(each) + 1)
        self._input_ratio = max(self._input_ratio, usage.input_tokens / input_tokens(call))

    def _estimate(self, call: Call) -> float | None:
        """What a call may cost; None while that cannot be known and another request is about to show it."""
        output = most_output_tokens(call)
        if output is None:
            if self._longest_output is None and not self.nothing_reserved:
                return None
            output = (self._longest_output or 0) * (len(call.rows) if call.task == "completions" else 1)
        return self._price(Usage(int(input_tokens(call) * self._input_ratio) + 1, output))
