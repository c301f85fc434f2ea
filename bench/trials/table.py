"""The tables of the simulations, as Markdown between marks of a page."""

from __future__ import annotations

from collections.abc import Sequence

from bench.trials.outcomes import Effort, Rate
from bench.trials.running import ALLOCATIONS

RATES, EFFORTS = (
    ("<!-- rates: written by python -m bench.trials -->", "<!-- end of rates -->"),
    (
        "<!-- efforts: written by python -m bench.trials -->",
        "<!-- end of efforts -->",
    ),
)


def put_into(document: str, found: Sequence[Rate | Effort]) -> str:
    """The document with the tables of what was found between its marks."""
    rates = [one for one in found if isinstance(one, Rate)]
    efforts = [one for one in found if isinstance(one, Effort)]
    for marks, lines in ((RATES, _rates(rates)), (EFFORTS, _efforts(efforts))):
        begin, end = marks
        before, _, rest = document.partition(begin)
        _, _, after = rest.partition(end)
        table = "\n".join(lines)
        document = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return document


def _rates(found: Sequence[Rate]) -> list[str]:
    heads = ("what goes wrong", "data", "arms", "shares", "in % of trials", "at most")
    rows = [
        (one.measure, one.data, str(one.arms), one.allocation, _percent(one), f"{one.bar:.0f}")
        for one in sorted(found, key=lambda one: _order(one, found))
    ]
    return _table(heads, rows)


def _order(one: Rate, found: Sequence[Rate]) -> int:
    return list(dict.fromkeys(other.measure.partition(":")[0] for other in found)).index(one.measure.partition(":")[0])


def _percent(one: Rate) -> str:
    return f"{one.rate:.1f}" if one.kept else f"**{one.rate:.1f}**"


def _efforts(found: Sequence[Effort]) -> list[str]:
    heads = ("data", "arms", "looked at once, 80 %", *ALLOCATIONS, "wrong, in %")
    rows = []
    for key in dict.fromkeys((one.data, one.arms) for one in found):
        of = {one.allocation: one for one in found if (one.data, one.arms) == key}
        first = next(iter(of.values()))
        cells = [_effort(of[kind]) if kind in of else "–" for kind in ALLOCATIONS]
        wrong = max(one.wrong for one in of.values())
        rows.append((key[0], str(key[1]), f"{first.fixed_horizon:,.0f}", *cells, f"{wrong:.1f}"))
    return _table(heads, rows)


def _effort(one: Effort) -> str:
    found = "" if one.shown > 99.5 else f", {one.shown:.0f} % found"
    return f"{one.mean:,.0f} ({one.median:,.0f}){found}; {one.best_share:.0f} % to the best"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *(f"| {' | '.join(row)} |" for row in rows)]
