"""What scorers that ask a service have spent, apart from what the variants did."""

from __future__ import annotations

import msgspec


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """An account: questions, requests sent (retries too), tokens, US dollars (None where a price is not known).

    ``replayed`` questions were answered from what was kept before, and are not in the rest.
    """

    questions: int = 0
    failed: int = 0
    replayed: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Spend) -> Spend:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Spend(
            questions=self.questions + other.questions,
            failed=self.failed + other.failed,
            replayed=self.replayed + other.replayed,
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )

    def __str__(self) -> str:
        cost = "at an unknown price" if self.cost_usd is None else f"for US$ {self.cost_usd:.4f}"
        return f"{self.requests} requests, {self.input_tokens} + {self.output_tokens} tokens, {cost}"
