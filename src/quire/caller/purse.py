"""The spend limit: what was spent, what requests in flight may cost, and whether one more fits."""

from __future__ import annotations

from collections.abc import Mapping

from quire.caller.cost import price_of
from quire.caller.pace import input_tokens, most_output_tokens
from quire.domain.calls import Call, Usage, model_name
from quire.domain.errors import InvalidInput


class _Model:
    """What calls of one model cost: its price, and what its answers have shown so far."""

    __slots__ = ("input_ratio", "longest_output", "price")

    def __init__(self, name: str) -> None:
        price = price_of(name)
        if price is None:
            raise InvalidInput(
                f"max_cost_usd is set, and the price of {name!r} is not known, so the limit could not be kept. "
                "Leave max_cost_usd out, or use a model that the price table of `genai-prices` lists."
            )
        self.price = price
        self.longest_output: int | None = None
        self.input_ratio = 1.0

    def learn(self, call: Call, usage: Usage) -> None:
        """Measure the next calls by an answer."""
        each = usage.output_tokens / _answers(call)
        self.longest_output = max(self.longest_output or 0, int(each) + 1)
        self.input_ratio = max(self.input_ratio, usage.input_tokens / input_tokens(call))


class Purse:
    """Money for a batch. A request is sent only if its reservation fits what is left.

    A call that limits its output (``max_tokens``) reserves the most it can cost, so the limit holds. One that does
    not reserves as if it wrote as much as its model's longest answer so far, and nothing else is sent until a first
    answer has shown how much that is; the limit can then be passed only by what the requests in flight write beyond
    it. ``spent`` are the tokens paid before, by model.

    Raises InvalidInput for a model whose price is not known.
    """

    def __init__(self, limit_usd: float, spent: Mapping[str, Usage] | None = None) -> None:
        self.limit_usd = limit_usd
        self._models: dict[str, _Model] = {}
        self.spent_usd = sum(self._model(name).price(usage) for name, usage in (spent or {}).items())
        self._reserved_usd = 0.0
        self._reservations = 0

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
        if usage is not None:
            model = self._model(model_name(call))
            self.spent_usd += model.price(usage)
            model.learn(call, usage)

    def _model(self, name: str) -> _Model:
        known = self._models.get(name)
        if known is None:
            known = self._models[name] = _Model(name)
        return known

    def _estimate(self, call: Call) -> float | None:
        """What a call may cost; None while that cannot be known and another request is about to show it."""
        model = self._model(model_name(call))
        output = most_output_tokens(call)
        if output is None:
            if model.longest_output is None and not self.nothing_reserved:
                return None
            output = (model.longest_output or 0) * _answers(call)
        return model.price(Usage(int(input_tokens(call) * model.input_ratio) + 1, output))


def _answers(call: Call) -> int:
    return len(call.rows) if call.task == "completions" else 1
