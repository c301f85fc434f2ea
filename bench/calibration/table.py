"""The table of the simulations, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from bench.calibration.outcomes import COVERAGE, FALSE_PROMOTION, POWER, Outcome
from bench.calibration.simulate import SIZES

BEGIN, END = "<!-- calibration: written by python -m bench.calibration -->", "<!-- end of calibration -->"


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each method and kind of data, a column for each number of rows; what misses its bar is bold."""
    heads = [f"{n:,} rows" for n in SIZES]
    lines = [f"| measure | method | data | {' | '.join(heads)} |", f"| --- | --- | --- |{' --- |' * len(SIZES)}"]
    ordered = sorted(outcomes, key=lambda item: (FALSE_PROMOTION, COVERAGE, POWER).index(item.measure))
    for key in dict.fromkeys((item.measure, item.subject, item.population) for item in ordered):
        found = {item.n: item for item in outcomes if (item.measure, item.subject, item.population) == key}
        lines.append(f"| {' | '.join(key)} | {' | '.join(_cell(found.get(n)) for n in SIZES)} |")
    return "\n".join(lines)


def put_into(document: str, outcomes: Sequence[Outcome]) -> str:
    """The document with the table between its marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(outcomes)}\n\n{END}{after}"


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "–"
    text = f"{outcome.rate:.1f}" if outcome.measure != "power" else f"{outcome.rate:.1f} (plan {outcome.nominal:.1f})"
    return text if outcome.kept else f"**{text}**"
