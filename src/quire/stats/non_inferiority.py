"""Non-inferiority: is b no worse than a, but for a margin?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

from quire.domain.errors import InvalidInput
from quire.stats.bounds import Bounds, Resampling, mean_bounds, ratio_bounds
from quire.stats.checks import as_pair, check_choice, check_share
from quire.stats.intervals import as_quantities
from quire.stats.results import NonInferiority

_HALVINGS = 50


def non_inferior(
    a: Sequence[float],
    b: Sequence[float],
    *,
    margin: float,
    kind: Literal["difference", "ratio"] = "difference",
    higher_is_better: bool,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
    seed: int = 0,
    resamples: int = 9999,
) -> NonInferiority:
    """Show that b is worse than a by less than ``margin``, on the same records.

    "difference": mean(b) − mean(a) stays above −margin if higher is better, below margin if lower is; ``margin`` is
    0 or more, in the score's units. "ratio": mean(b) / mean(a) stays above ``margin`` (0.95, say) if higher is better,
    below it (1.2, say) if lower is; for quantities that cannot be negative.

    One-sided: passes if the confidence bound on the bad side is within the margin, so that b that is worse by the whole
    margin passes with a probability of 1 − confidence. The bound is that of ``mean_interval`` or ``ratio_interval``
    (methods, assumptions and clusters are described there). Not to be read as "no difference": the margin must be
    chosen before looking, as the largest loss that would be borne. A comparison that passes here may still be worse.

    Sources: W. C. Blackwelder, "Proving the null hypothesis in clinical trials", Controlled Clinical Trials 3 (1982);
    binary scores: Tango 1998. Raises InvalidInput for what those functions refuse, a margin that is negative, not
    finite, or (as a ratio) 0.
    """
    check_choice(kind, ("difference", "ratio"), "kind")
    check_share(confidence, "confidence")
    _check_margin(margin, kind)
    how = Resampling(clusters=clusters, seed=seed, resamples=resamples)
    if kind == "ratio":
        limit, bounds = margin, ratio_bounds(*as_quantities(b, a, ("b", "a")), how)
    else:
        left, right = as_pair(a, b, ("a", "b"))
        limit, bounds = -margin if higher_is_better else margin, mean_bounds(right - left, how)
    return _judged(bounds, limit, higher_is_better=higher_is_better, margin=margin, confidence=confidence)


def _check_margin(margin: float, kind: str) -> None:
    if not (0 <= margin < float("inf")) or (kind == "ratio" and margin == 0):
        expected = "a positive ratio, such as 1.2" if kind == "ratio" else "a difference of 0 or more, such as 0.02"
        raise InvalidInput(f"margin is {margin}; expected {expected}.")


def _judged(
    bounds: Bounds, limit: float, *, higher_is_better: bool, margin: float, confidence: float
) -> NonInferiority:
    bound = bounds.at(1 - confidence if higher_is_better else confidence)
    return NonInferiority(
        p_value=_p_value(bounds, limit, higher_is_better=higher_is_better),
        method=bounds.method,
        estimate=bounds.estimate,
        bound=bound,
        margin=margin,
        confidence=confidence,
        passed=bound > limit if higher_is_better else bound < limit,
    )


def _p_value(bounds: Bounds, limit: float, *, higher_is_better: bool) -> float:
    """The smallest error rate at which the bound would still be inside the limit."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        level = (low + high) / 2
        inside = bounds.at(level) > limit if higher_is_better else bounds.at(1 - level) < limit
        low, high = (low, level) if inside else (level, high)
    return max(high, bounds.finest)
