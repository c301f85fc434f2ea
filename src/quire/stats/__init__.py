"""Statistics that a referee accepts: intervals, paired tests, planning, ranking, agreement.

Functions over plain sequences of numbers; NumPy and SciPy are loaded by the first one that is called. What each
means, assumes and is not for stands in its docstring; docs/statistics.md explains them together, and shows by
simulation that they keep what they promise.
"""

from __future__ import annotations

from quire.stats.alpha import krippendorff_alpha
from quire.stats.bradley_terry import Judgement, bradley_terry
from quire.stats.clusters import cluster_standard_error
from quire.stats.holm import holm
from quire.stats.intervals import mean_interval, ratio_interval
from quire.stats.kappa import cohen_kappa
from quire.stats.mcnemar import Alternative, mcnemar
from quire.stats.non_inferiority import non_inferior
from quire.stats.paired import PairedMethod, paired_test
from quire.stats.power import detectable_effect, power_of, sample_size
from quire.stats.proportions import proportion_interval
from quire.stats.results import Alpha, Interval, Kappa, NonInferiority, Strength, TestResult, VarianceSplit
from quire.stats.variance import variance_split

__all__ = [
    "Alpha",
    "Alternative",
    "Interval",
    "Judgement",
    "Kappa",
    "NonInferiority",
    "PairedMethod",
    "Strength",
    "TestResult",
    "VarianceSplit",
    "bradley_terry",
    "cluster_standard_error",
    "cohen_kappa",
    "detectable_effect",
    "holm",
    "krippendorff_alpha",
    "mcnemar",
    "mean_interval",
    "non_inferior",
    "paired_test",
    "power_of",
    "proportion_interval",
    "ratio_interval",
    "sample_size",
    "variance_split",
]
