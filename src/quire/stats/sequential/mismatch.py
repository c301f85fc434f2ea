"""Whether units fell to the arms as they were shared out, asked at every look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from quire.domain.errors import InvalidInput

_FIRMNESS = (20.0, 200.0, 2000.0)
_TILTS = (0.5, 0.8, 0.9, 0.95, 0.98, 1 / 0.98, 1 / 0.95, 1 / 0.9, 1 / 0.8, 2.0)


class RatioMismatch(msgspec.Struct, frozen=True):
    """Evidence that the arms' units are not in the ratio of their shares.

    ``log_e`` is the logarithm of the e-value; ``p_value``, 1 over the e-value and at most 1, is valid at every look:
    it ever falls below α with a probability of at most α. ``units`` and ``expected`` are each arm's, over all phases.
    """

    log_e: float
    p_value: float
    units: dict[str, int]
    expected: dict[str, float]


def ratio_mismatch(observed: Sequence[Mapping[str, int]], shares: Sequence[Mapping[str, float]]) -> RatioMismatch:
    """The check of the ratio, phase by phase: did as many units meet each arm as its share of the traffic says?

    ``observed`` are the units that met each arm in each phase, ``shares`` the arms' weights in it. A mismatch means
    that something loses or doubles units of one arm, and that no comparison can be believed until it is found.

    The e-value is the likelihood under a mixture of other shares, over that under the shares: half of the mixture is
    Dirichlet around the shares, anew in each phase (Lindon and Malek), half says that one arm's units are too few or
    too many by one factor in all phases, which is what a loss looks like. Phases may be unequal and many, and shares
    may depend on what was seen. Assumes that a phase's units fall to arms independently, at its shares.

    An arm that left before its last phase ended is to be left out of ``observed`` and ``shares``: shares are taken
    among the arms that are given. Source: M. Lindon and A. Malek, "Anytime-valid inference for multinomial count data",
    NeurIPS 2022. Raises InvalidInput for phases that do not correspond, negative counts or shares, units of an arm
    that ``shares`` does not name, and a phase without any share.
    """
    if len(observed) != len(shares):
        raise InvalidInput(f"observed has {len(observed)} phases and shares {len(shares)}; give both for each phase.")
    phases = [_phase(units, weights) for units, weights in zip(observed, shares, strict=True)]
    kept = [phase for phase in phases if any(count for count, _ in phase.values())]
    log_e = _log_e(kept)
    arms = dict.fromkeys(arm for phase in phases for arm in phase)
    return RatioMismatch(
        log_e=log_e,
        p_value=min(1.0, math.exp(-log_e)) if log_e > -700 else 1.0,
        units={arm: sum(phase.get(arm, (0, 0.0))[0] for phase in phases) for arm in arms},
        expected={arm: math.fsum(_total(phase) * phase.get(arm, (0, 0.0))[1] for phase in phases) for arm in arms},
    )


Phase = dict[str, tuple[int, float]]
"""For each arm its units and its share."""


def _phase(units: Mapping[str, int], weights: Mapping[str, float]) -> Phase:
    unknown = [arm for arm in units if arm not in weights]
    if unknown:
        raise InvalidInput(f"Units met {unknown[0]!r}, which has no share; expected one of {', '.join(weights)}.")
    total = math.fsum(weights.values())
    if not all(weight >= 0 for weight in weights.values()) or not 0 < total < math.inf:
        raise InvalidInput(f"Shares are {dict(weights)}; expected numbers of 0 or more, at least one of them positive.")
    if any(count < 0 for count in units.values()):
        raise InvalidInput(f"Units are {dict(units)}; expected counts of 0 or more.")
    return {arm: (units.get(arm, 0), weight / total) for arm, weight in weights.items()}


def _total(phase: Phase) -> int:
    return sum(count for count, _ in phase.values())


def _log_e(phases: list[Phase]) -> float:
    if any(count and not share for phase in phases for count, share in phase.values()):
        return math.inf
    around = math.fsum(_log_mean([_dirichlet(phase, firmness) for firmness in _FIRMNESS]) for phase in phases)
    arms = dict.fromkeys(arm for phase in phases for arm in phase)
    tilted = [_tilted(phases, arm, factor) for arm in arms for factor in _TILTS]
    return _log_mean([around, _log_mean(tilted)]) if tilted else 0.0


def _dirichlet(phase: Phase, firmness: float) -> float:
    """The log likelihood ratio of shares drawn from a Dirichlet distribution around those of the phase."""
    terms = [
        math.lgamma(firmness * share + count) - math.lgamma(firmness * share) - count * math.log(share)
        for count, share in phase.values()
        if share > 0
    ]
    return math.lgamma(firmness) - math.lgamma(firmness + _total(phase)) + math.fsum(terms)


def _tilted(phases: list[Phase], arm: str, factor: float) -> float:
    """The log likelihood ratio of one arm's share being ``factor`` times as large, before shares are made to add up."""
    terms = []
    for phase in phases:
        count, share = phase.get(arm, (0, 0.0))
        terms.append(count * math.log(factor) - _total(phase) * math.log1p(share * (factor - 1)))
    return math.fsum(terms)


def _log_mean(logs: list[float]) -> float:
    top = max(logs)
    return top + math.log(math.fsum(math.exp(one - top) for one in logs) / len(logs))
