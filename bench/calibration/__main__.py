"""``python -m bench.calibration``: simulate evaluations, print what was found, write a table and a figure into docs."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.calibration.figure import draw
from bench.calibration.outcomes import Outcome
from bench.calibration.simulate import EVALUATIONS, SIZES, simulate
from bench.calibration.table import put_into

_PROCESSES = 2
_DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Simulate, and write unless told not to. Ends with 1 if a method misses its bar."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("--rows", type=int, action="append", choices=SIZES, help="only this many rows (repeatable)")
    parser.add_argument("--print-only", action="store_true", help="leave the documents as they are")
    options = parser.parse_args()
    with ProcessPoolExecutor(_PROCESSES) as pool:
        parts = dict(pool.map(_simulated, sorted(options.rows or SIZES, reverse=True)))
    found = [outcome for n in sorted(parts) for outcome in parts[n]]
    if not options.print_only:
        _write(found)
    missed = [outcome for outcome in found if not outcome.kept]
    print(f"{len(found) - len(missed)} of {len(found)} within their bar")
    return 1 if missed else 0


def _simulated(n: int) -> tuple[int, list[Outcome]]:
    found = []
    for outcome in simulate(n, EVALUATIONS[n]):
        found.append(outcome)
        print(_line(outcome), flush=True)
    return n, found


def _line(outcome: Outcome) -> str:
    kept = "  " if outcome.kept else "✗ "
    where = f"{outcome.subject}, {outcome.population}"
    rate = f"{outcome.rate:6.2f} ({outcome.low:.1f} to {outcome.high:.1f})"
    return f"{kept}{outcome.measure:16} n={outcome.n:<5} {where:55} {rate}"


def _write(found: list[Outcome]) -> None:
    (_DOCS / "statistics.svg").write_text(draw(found), encoding="utf-8")
    page = _DOCS / "statistics.md"
    page.write_text(put_into(page.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
