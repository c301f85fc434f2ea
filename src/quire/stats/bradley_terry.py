"""Bradley–Terry: a ranking, with intervals, from who was preferred to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput
from quire.stats.checks import check_share
from quire.stats.results import Strength
from quire.stats.special import normal_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Judgement = tuple[str, str] | tuple[str, str, float]
"""(winner, loser), or (a, b, outcome): 1 if a won, 0 if b did, 0.5 for a tie."""
_STEPS = 100


def bradley_terry(names: Sequence[str], judgements: Sequence[Judgement], *, confidence: float = 0.95) -> list[Strength]:
    """Rank contenders from pairwise judgements, the strongest first.

    One that is stronger by x wins with probability 1 / (1 + exp(−x)); strengths are the likeliest ones and sum to 0. A
    tie is half a win for each. Intervals are ± z standard errors from the observed information; they are for a
    contender against the average of all, not for the difference of two (which has an interval of its own: leave out
    the others, or compare the two on the same rows).

    Assumes that judgements are independent and that one number tells a contender's strength: not for judgements of
    which many are about one row, nor where a beats b, b beats c and c beats a. Ties make the intervals wider than need
    be. Needs some dozens of judgements for each contender before the intervals hold their level.

    Sources: R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952);
    D. R. Hunter, "MM algorithms for generalized Bradley–Terry models", Annals of Statistics 32 (2004), for when the
    likeliest strengths exist (L. R. Ford's condition) — they are found by Newton's method. Raises InvalidInput for
    fewer than two names, names that repeat or are unknown, a contender judged against itself, other outcomes than 1,
    0.5 and 0, and when some contenders never lost to, or were never compared with, the rest: no finite strength fits.
    """
    check_share(confidence, "confidence")
    wins = _wins(names, judgements)
    _check_connected(names, wins)
    strengths, covariance = fit(wins)
    reach = float(normal_quantile((1 + confidence) / 2)) * covariance.diagonal() ** 0.5
    found = [
        Strength(name, float(strength), float(strength - width), float(strength + width))
        for name, strength, width in zip(names, strengths, reach, strict=True)
    ]
    return sorted(found, key=lambda item: -item.strength)


def fit(wins: Array) -> tuple[Array, Array]:
    """The likeliest strengths and their covariance, from ``wins[i, j]``: how often i beat j."""
    import numpy as np

    games = wins + wins.T
    strengths: Array = np.zeros(len(wins))
    likelihood = _log_likelihood(strengths, wins)
    for _ in range(_STEPS):
        expected, information = _expected(strengths, games)
        step = np.linalg.solve(information, wins.sum(axis=1) - expected)
        strengths, likelihood = _climb(strengths, step, wins, likelihood)
        if np.abs(step).max() < 1e-10:
            break
    _, information = _expected(strengths, games)
    return strengths, np.asarray(np.linalg.inv(information) - 1 / len(wins), dtype=np.float64)


def _expected(strengths: Array, games: Array) -> tuple[Array, Array]:
    """Expected wins, and the information about strengths; the information of their sum is added, as it has none."""
    import numpy as np

    chance = _chance(strengths)
    information = -games * chance * (1 - chance)
    np.fill_diagonal(information, 0)
    np.fill_diagonal(information, -information.sum(axis=1))
    return (games * chance).sum(axis=1), information + 1 / len(games)


def _climb(strengths: Array, step: Array, wins: Array, likelihood: float) -> tuple[Array, float]:
    """A step of Newton's, halved until the likelihood does not fall."""
    for _ in range(_STEPS):
        tried = strengths + step
        tried = tried - tried.mean()
        found = _log_likelihood(tried, wins)
        if found >= likelihood - 1e-9 * abs(likelihood):
            return tried, found
        step = step / 2
    return strengths, likelihood


def _log_likelihood(strengths: Array, wins: Array) -> float:
    import numpy as np

    return -float((wins * np.logaddexp(0, strengths[None, :] - strengths[:, None])).sum())


def _chance(strengths: Array) -> Array:
    """``chance[i, j]``: the probability that i beats j."""
    import numpy as np

    return np.exp(-np.logaddexp(0, strengths[None, :] - strengths[:, None]))


def _wins(names: Sequence[str], judgements: Sequence[Judgement]) -> Array:
    import numpy as np

    numbers = {name: number for number, name in enumerate(names)}
    if len(names) < 2 or len(numbers) < len(names):
        raise InvalidInput(f"names is {list(names)}; expected at least two names, each once.")
    wins = np.zeros((len(names), len(names)))
    for place, judgement in enumerate(judgements):
        first, second, outcome = _checked(judgement, numbers, place)
        wins[first, second] += outcome
        wins[second, first] += 1 - outcome
    return wins


def _checked(judgement: Judgement, numbers: dict[str, int], place: int) -> tuple[int, int, float]:
    if len(judgement) not in (2, 3):
        raise InvalidInput(f"Judgement {place} is {judgement}; expected (winner, loser) or (a, b, outcome).")
    first, second, outcome = (*judgement, 1.0)[:3]
    for name in (first, second):
        if name not in numbers:
            raise InvalidInput(f"Judgement {place} names {name!r}; expected one of {', '.join(map(repr, numbers))}.")
    if first == second:
        raise InvalidInput(f"Judgement {place} sets {first!r} against itself; expected two contenders.")
    if outcome not in (0, 0.5, 1):
        raise InvalidInput(f"Judgement {place} has the outcome {outcome!r}; expected 1 (first won), 0 or 0.5 (a tie).")
    return numbers[first], numbers[second], float(outcome)


def _check_connected(names: Sequence[str], wins: Array) -> None:
    """Ford's condition: however the names are divided, each part has won against the other."""
    for edges, what in ((wins, "never lost to"), (wins.T, "never won against")):
        reached = _reached(edges)
        others = [name for number, name in enumerate(names) if number not in reached]
        if others:
            raise InvalidInput(
                f"{', '.join(others)} {what} the rest ({', '.join(names[number] for number in sorted(reached))}), or "
                "were not compared with them, so no finite strengths fit; add judgements between the two groups, or "
                "rank them apart."
            )


def _reached(edges: Array) -> set[int]:
    """Who is reached from the first by steps along wins."""
    reached, waiting = {0}, [0]
    while waiting:
        for number in edges[waiting.pop()].nonzero()[0].tolist():
            if number not in reached:
                reached.add(number)
                waiting.append(number)
    return reached
