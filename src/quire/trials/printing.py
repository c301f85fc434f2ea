"""Reports of trials on a terminal and in a notebook."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from quire.trials.results import GuardrailReport, MetricReport, TrialReport
from quire.trials.subjects import SHADOW
from quire.trials.wording import guardrail_in_words

if TYPE_CHECKING:
    from rich.table import Table

NOTHING = "–"
_STYLES = {
    "better": "green",
    "worse": "red",
    "no difference shown": "dim",
    "violated": "red",
    "holds": "green",
    "not shown": "dim",
}


def as_text(thing: Any) -> str:
    """What Rich prints of a thing, without colours, 100 columns wide."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=100, no_color=True, force_terminal=False).print(thing)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def report_parts(report: TrialReport) -> Iterator[Any]:
    """The headline, the sentence, the tables, and how they are to be read."""
    from rich.text import Text

    yield Text(headline(report), style="bold")
    yield Text(report.sentence, style=_sentence_style(report))
    if not report.trial.spec.subject.startswith(SHADOW):
        yield arms_table(report)
    yield differences_table(report)
    if report.guardrails:
        yield guardrails_table(report)
    for line in footnotes(report):
        yield Text(line, style="dim")


def headline(report: TrialReport) -> str:
    """Which trial it is, and since when it runs."""
    trial = report.trial
    name = f"{trial.spec.name}: " if trial.spec.name else ""
    space = f", namespace {trial.spec.namespace}" if trial.spec.namespace else ""
    begun = datetime.datetime.fromtimestamp(trial.phases[0].start_time / 1000).strftime("%Y-%m-%d %H:%M")
    return f"{name}{trial.spec.subject}{space} · trial {trial.trial_id} · {trial.state} since {begun}"


def arms_table(report: TrialReport) -> Table:
    """A line for each arm on each metric, the one that decides first."""
    table = _table(["metric", "arm"], ["n", "mean", f"{report.confidence:.0%} interval"])
    for metric in _in_order(report):
        for place, (arm, figures) in enumerate(metric.arms.items()):
            cells = [f"{figures.n:,}", number(figures.mean, metric.name), interval(figures.low, figures.high)]
            _add(table, metric, arm, cells, place, len(metric.arms))
    return table


def differences_table(report: TrialReport) -> Table:
    """A line for each challenger on each metric: its difference from the control."""
    from rich.text import Text

    is_paired = report.trial.spec.subject.startswith(SHADOW)
    head = f"{'difference' if is_paired else 'against'} {report.trial.spec.control}"
    numbers = [*(["n"] if is_paired else []), "difference", "interval", *([] if is_paired else ["e"])]
    table = _table([head, "arm"], numbers, last="verdict")
    for metric in _in_order(report):
        for place, (arm, found) in enumerate(metric.differences.items()):
            cells: list[Any] = [signed(found.difference, metric.name), interval(found.low, found.high, sign=True)]
            cells = [f"{found.n:,}", *cells] if is_paired else [*cells, show_e(found.e_value)]
            verdict = Text(found.verdict, style=_STYLES[found.verdict])
            _add(table, metric, arm, [*cells, verdict], place, len(metric.differences))
    return table


def _in_order(report: TrialReport) -> list[MetricReport]:
    return sorted(report.metrics.values(), key=lambda one: not one.decides)


def _add(table: Table, metric: MetricReport, arm: str, cells: list[Any], place: int, rows: int) -> None:
    from rich.text import Text

    label = f"{metric.name}{' *' if metric.decides else ''}" if place == 0 else ""
    table.add_row(Text(label), Text(arm), *cells, end_section=rows > 1 and place == rows - 1)


def _table(words: list[str], numbers: list[str], *, last: str = "") -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0))
    for head in words:
        table.add_column(Text(head), overflow="fold")
    for head in numbers:
        table.add_column(Text(head), justify="right", no_wrap=True)
    if last:
        table.add_column(last)
    return table


def guardrails_table(report: TrialReport) -> Table:
    """A line for each guardrail on each challenger."""
    from rich.text import Text

    table = _table(["guardrail", "arm"], ["now", "allowed", "e of harm", "needed"], last="verdict")
    for guard in report.guardrails:
        verdict = Text(guard.verdict, style=_STYLES[guard.verdict])
        cells = [_now(guard), guardrail_in_words(guard), show_e(guard.e_value), show_e(guard.needed)]
        table.add_row(Text(guard.metric), Text(guard.arm), *cells, verdict)
    return table


def _now(guard: GuardrailReport) -> str:
    if math.isnan(guard.estimate):
        return NOTHING
    return f"{_digits(guard.estimate)} times" if guard.kind == "ratio" else signed(guard.estimate, guard.metric)


def footnotes(report: TrialReport) -> list[str]:
    """The rule, what is left, what is excluded, the check of the ratio, and how the figures may be read."""
    lines = [f"Rule: {report.rule} (* decides.)"]
    left = []
    if report.units_left is not None:
        left.append(f"{report.units_left:,} units")
    if report.days_left is not None:
        left.append(f"{report.days_left:.1f} days")
    if left and report.trial.state in ("running", "paused"):
        lines.append(f"Left: {' or '.join(left)}.")
    lines.append(_units(report))
    if report.ratio is not None:
        lines.append(_ratio(report))
    lines += [f"Left the trial: {arm}. {why.said}" for arm, why in report.trial.removed.items()]
    inexact = [name for name, metric in report.metrics.items() if not metric.exact]
    if report.trial.spec.subject.startswith(SHADOW):
        lines.append("Figures are of pairs: the challenger's answer against the one that the caller got, each request.")
    lines.append("All figures may be looked at at any time, as often as you like.")
    if inexact:
        lines.append(f"Without bounds, and so valid for many units only (from 100 of each arm): {', '.join(inexact)}.")
    return lines


def _units(report: TrialReport) -> str:
    units = ", ".join(f"{arm} {count:,}" for arm, count in report.units.items() if count)
    out = ", ".join(f"{arm} {count:,}" for arm, count in report.excluded.items() if count)
    excluded = f"; excluded because their arm failed: {out}" if out else ""
    return f"Units: {units or 'none yet'}{excluded}."


def _ratio(report: TrialReport) -> str:
    assert report.ratio is not None
    e = show_e(report.ratio.e_value)
    if report.ratio.alarm:
        expected = ", ".join(f"{arm} {count:,.0f}" for arm, count in report.ratio.expected.items())
        return f"Ratio of units: ALARM (e = {e}); expected {expected}. Something loses units of one arm."
    return f"Ratio of units: as shared out (e = {e}, alarm at {show_e(report.ratio.needed)})."


def _sentence_style(report: TrialReport) -> str:
    if report.decision is not None and report.decision.kind == "won":
        return "green"
    return "red" if report.ratio is not None and report.ratio.alarm else ""


def number(value: float, name: str = "") -> str:
    """A mean, with its unit where its name tells one."""
    if math.isnan(value):
        return NOTHING
    text = _digits(value)
    if name.endswith("_usd"):
        return f"−${text[1:]}" if text.startswith("−") else f"${text}"
    return f"{text} s" if name.endswith("_s") else text


def signed(value: float, name: str = "") -> str:
    """A difference with its sign."""
    if math.isnan(value):
        return NOTHING
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{number(abs(value), name)}"


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """An interval; nothing where it has no end."""
    if math.isinf(low) or math.isinf(high) or math.isnan(low):
        return NOTHING
    shown = [signed(end) if sign else _digits(end) for end in (low, high)]
    return f"[{shown[0]}, {shown[1]}]"


def show_e(value: float) -> str:
    """An e-value: evidence, of which 1 is none."""
    if math.isnan(value):
        return NOTHING
    if value >= 1e6:
        return "> 1e6"
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.2g}" if value >= 0.01 else "< 0.01"


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    size = abs(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if size >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    if size < 0.001:
        return f"{value:.1e}".replace("-", "−")
    digits = max(0, 2 - math.floor(math.log10(size)))
    return f"{value:.{min(digits, 6)}f}".replace("-", "−")
