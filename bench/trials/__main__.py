"""``python -m bench.trials``: simulate live trials, print what was found, write tables into docs/live-statistics.md."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from bench.trials.outcomes import Effort, Rate
from bench.trials.scenarios import COMPARED, EXPERIMENTS, LIMITS, Scenario, efforts, rates
from bench.trials.table import put_into

_PROCESSES = 2
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "live-statistics.md"


def main() -> int:
    """Simulate, and write unless told not to. Ends with 1 if something wrong is said more often than promised."""
    parser = argparse.ArgumentParser(prog="python -m bench.trials", description=__doc__)
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS, help="trials for each figure")
    parser.add_argument("--print-only", action="store_true", help="leave the page as it is")
    options = parser.parse_args()
    found: list[Rate | Effort] = []
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for outcome in pool.map(_answered, [*rates(options.experiments), *efforts(min(options.experiments, COMPARED))]):
            found.append(outcome)
            print(_line(outcome), flush=True)
    if not options.print_only:
        _PAGE.write_text(put_into(_PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    missed = [one for one in found if isinstance(one, Rate) and not one.kept and (one.measure, one.data) not in LIMITS]
    print(f"{len(missed)} of {sum(isinstance(one, Rate) for one in found)} rates above their bar, known limits aside")
    return 1 if missed else 0


def _answered(scenario: Scenario) -> Rate | Effort:
    return scenario()


def _line(outcome: Rate | Effort) -> str:
    if isinstance(outcome, Rate):
        where = f"{outcome.data}, {outcome.arms} arms, {outcome.allocation}"
        return (
            f"{'  ' if outcome.kept else '✗ '}{outcome.measure:36} {where:50} {outcome.rate:5.2f} ({outcome.bar:.0f})"
        )
    return f"  {msgspec.to_builtins(outcome)}"


if __name__ == "__main__":
    sys.exit(main())
