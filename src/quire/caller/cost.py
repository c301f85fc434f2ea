"""What a request cost, from token counts and the price table of ``genai-prices`` (bundled, no network)."""

from __future__ import annotations

import functools
from collections.abc import Callable

from quire.domain.calls import Usage

_PROBE = 1_000
_LARGE_PROBE = 1_000_000


def cost_usd(model: str, usage: Usage, provider: str = "openai") -> float | None:
    """US dollars for ``usage`` of ``model``; None when the table has no price for that model."""
    price = price_of(model, provider)
    return None if price is None else price(usage)


@functools.lru_cache(maxsize=256)
def price_of(model: str, provider: str = "openai") -> Callable[[Usage], float] | None:
    """The price function of a model, or None if its price is not known.

    A lookup in the table costs 50 µs; most prices are flat, so their rates are read once and multiplied.
    """
    table = _table_price(model, provider)
    if table is None:
        return None
    rates = _flat_rates(table)
    if rates is None:
        return table
    fresh, cached, output = rates

    def flat(usage: Usage) -> float:
        uncached = usage.input_tokens - usage.cached_input_tokens
        return uncached * fresh + usage.cached_input_tokens * cached + usage.output_tokens * output

    return flat


def _table_price(model: str, provider: str) -> Callable[[Usage], float] | None:
    import genai_prices

    def price(usage: Usage) -> float:
        counts = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cached_input_tokens,
            output_tokens=usage.output_tokens,
        )
        return float(genai_prices.calc_price(counts, model_ref=model, provider_id=provider).total_price)

    try:
        price(Usage(1, 1))
    except LookupError:
        return None
    return price


def _flat_rates(price: Callable[[Usage], float]) -> tuple[float, float, float] | None:
    """US dollars for one fresh input, cached input and output token; None for a price with tiers."""
    probes = [Usage(size, 0, cached) for size in (_PROBE, _LARGE_PROBE) for cached in (0, size)]
    fresh, cached, fresh_large, cached_large = (price(probe) / probe.input_tokens for probe in probes)
    output, output_large = (price(Usage(0, size)) / size for size in (_PROBE, _LARGE_PROBE))
    pairs = ((fresh, fresh_large), (cached, cached_large), (output, output_large))
    if any(abs(small - large) > 1e-12 for small, large in pairs):
        return None
    return fresh, cached, output
