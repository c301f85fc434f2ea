"""The distributions that the methods need, from SciPy, loaded when one is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def normal_cdf(x: Any) -> Array:
    """The probability that a standard normal number is at most ``x``."""
    from scipy.special import ndtr  # type: ignore[import-untyped]

    return ndtr(x)  # type: ignore[no-any-return]


def normal_quantile(p: Any) -> Array:
    """The number that a standard normal one is at most with probability ``p``."""
    from scipy.special import ndtri

    return ndtri(p)  # type: ignore[no-any-return]


def student_quantile(p: Any, df: Any) -> Array:
    """The number that one of Student's t is at most with probability ``p``."""
    from scipy.special import stdtrit

    return stdtrit(df, p)  # type: ignore[no-any-return]


def student_cdf(t: Any, df: Any) -> Array:
    """The probability that one of Student's t is at most ``t``."""
    from scipy.special import stdtr

    return stdtr(df, t)  # type: ignore[no-any-return]


def noncentral_student_cdf(t: Any, df: Any, noncentrality: Any) -> Array:
    """The probability that one of the noncentral t is at most ``t``; 0 where it is too small for SciPy to tell."""
    import numpy as np
    from scipy.special import nctdtr

    return np.asarray(np.nan_to_num(nctdtr(df, noncentrality, t)))


def binomial_cdf(k: Any, n: Any, p: Any) -> Array:
    """The probability of at most ``k`` successes in ``n``; 0 for a negative ``k``."""
    import numpy as np
    from scipy.special import betainc

    k, n = np.floor(k), np.asarray(n, dtype=np.float64)
    inside = (k >= 0) & (k < n)
    left = np.where(inside, n - k, 1.0)
    right = np.where(inside, k + 1, 1.0)
    return np.where(k < 0, 0.0, np.where(k >= n, 1.0, betainc(left, right, 1 - np.asarray(p, dtype=np.float64))))


def binomial_pmf(k: Any, n: Any, p: Any) -> Array:
    """The probability of exactly ``k`` successes in ``n``."""
    import numpy as np
    from scipy.special import gammaln, xlog1py, xlogy

    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.exp(ways + xlogy(k, p) + xlog1py(n - k, -np.asarray(p, dtype=np.float64)))  # type: ignore[no-any-return]
