"""Evaluations, comparisons and rankings on a terminal and in a notebook."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from quire.evaluate.numbers import NOTHING, show, show_difference, show_interval, show_p

if TYPE_CHECKING:
    from rich.table import Table

    from quire.evaluate.comparison import Comparison, MetricComparison
    from quire.evaluate.evaluation import Evaluation
    from quire.evaluate.ranking import Ranking

_STYLES = {"better": "green", "worse": "red", "mixed": "yellow", "no difference shown": "dim"}


def as_text(thing: Any) -> str:
    """What Rich prints of a thing, without colours, 100 columns wide."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=100, no_color=True, force_terminal=False).print(thing)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def evaluation_table(evaluation: Evaluation) -> Table:
    """A line for each variant: the mean of each score, what is missing, latency and cost."""
    from rich.table import Table
    from rich.text import Text

    dataset = evaluation.dataset
    repeats = f", {evaluation.repeats} times each" if evaluation.repeats > 1 else ""
    table = Table(title=Text(f"{dataset.name}: {dataset.records:,} records{repeats}"), title_justify="left")
    table.add_column("variant", overflow="fold")
    shown_anyway = ("latency_s", "cost_usd")
    names = [name for name in evaluation.score_names if name not in shown_anyway and not _is_text(evaluation, name)]
    for name in names:
        table.add_column(Text(name), justify="right")
    asking = any(evaluation.table(variant).scorers_usd for variant in evaluation.variants)
    for name in ("failed", "mean latency", "cost", *(["cost of scorers"] if asking else [])):
        table.add_column(name, justify="right")
    for variant in evaluation.variants:
        numbers = evaluation.table(variant)
        cells = [_mean(evaluation, variant, name) for name in names]
        cost = numbers.measures["cost_usd"]
        table.add_row(
            Text(variant),
            *cells,
            f"{numbers.failed:,}" if numbers.failed else "0",
            show(numbers.measures["latency_s"].mean, name="latency_s"),
            show(cost.total, name="cost_usd") if cost.present else NOTHING,
            *([show(sum(numbers.scorers_usd.values()), name="cost_usd")] if asking else []),
        )
    return table


def _is_text(evaluation: Evaluation, name: str) -> bool:
    tables = (evaluation.table(variant) for variant in evaluation.variants)
    return any(table.columns[name].kind == "text" for table in tables if name in table.columns)


def _mean(evaluation: Evaluation, variant: str, name: str) -> str:
    table = evaluation.table(variant)
    if name not in table.columns:
        return NOTHING
    column = table.columns[name]
    missing = table.missing(name) - table.failed
    return show(column.mean, column.kind, name) + (f" ({missing:,} missing)" if missing > 0 else "")


def comparison_parts(comparison: Comparison) -> Iterator[Any]:
    """The verdict, the table of scores, and how they were compared."""
    from rich.text import Text

    yield Text(comparison.sentence, style=_STYLES[comparison.verdict])
    yield comparison_table(comparison)
    for line in footnotes(comparison):
        yield Text(line, style="dim")


def comparison_table(comparison: Comparison) -> Table:
    """A line for each score."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    widest = max((len(shown_name(comparison, metric)) for metric in comparison.metrics.values()), default=0)
    table.add_column("score", overflow="fold", min_width=min(widest, 16))
    for head in (Text(comparison.a), Text(comparison.b), Text("difference")):
        table.add_column(head, justify="right", overflow="fold", min_width=9)
    for head in (Text(f"{comparison.confidence:.0%} interval"), Text("p"), Text("W/L/T")):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold", min_width=10)
    for metric in comparison.metrics.values():
        name, verdict = shown_name(comparison, metric), Text(metric.verdict, style=_STYLES[metric.verdict])
        table.add_row(Text(name), *metric_cells(metric), verdict)
    return table


def shown_name(comparison: Comparison, metric: MetricComparison) -> str:
    """The name of a score, marked where it does not count for the verdict."""
    return f"{metric.name} (secondary)" if metric.name in comparison.secondary else metric.name


def metric_cells(metric: MetricComparison) -> list[str]:
    """Both means, the difference, its interval, the corrected p-value, and the count of records."""
    kind, name = metric.kind, metric.name
    return [
        show(metric.mean_a, kind, name),
        show(metric.mean_b, kind, name),
        show_difference(metric.difference, kind, name),
        show_interval(metric.interval.low, metric.interval.high, kind, name),
        show_p(metric.p_adjusted),
        f"{metric.won:,}/{metric.lost:,}/{metric.tied:,}",
    ]


def footnotes(comparison: Comparison) -> list[str]:
    """How many records counted, what was missing, and by which methods."""
    lines = [f"W/L/T: records on which {comparison.b} won, lost, tied."]
    metrics = list(comparison.metrics.values())
    for metric in metrics:
        if metric.missing_a or metric.missing_b:
            lines.append(
                f"{metric.name}: {metric.n:,} of {comparison.records:,} records have both scores; {metric.missing_a:,} "
                f"have none for {comparison.a}, {metric.missing_b:,} none for {comparison.b}."
            )
    methods = dict.fromkeys(f"{metric.method}; interval: {metric.interval.method}" for metric in metrics)
    lines += [f"Test: {method}." for method in methods]
    if comparison.repeats > 1:
        lines.append(f"Each record was answered up to {comparison.repeats} times; its scores are averaged.")
    if any(metric.clusters is not None for metric in metrics):
        lines.append("Records of one group are counted as a cluster.")
    lines += _corrections(comparison)
    if comparison.left_out:
        lines.append(f"Words, not compared: {', '.join(comparison.left_out)}.")
    return lines


def _corrections(comparison: Comparison) -> list[str]:
    """For how many scores p-values are corrected, and what the verdict is made of."""
    tested = sum(1 for metric in comparison.deciding if metric.n)
    if not comparison.primary:
        return [f"p-values are corrected for {tested} scores (Holm)."] if tested > 1 else []
    lines = [f"The verdict is that of the primary scores alone: {', '.join(comparison.primary)}."]
    if tested > 1:
        lines.append(f"Their p-values are corrected for {tested} scores (Holm).")
    beside = sum(1 for name in comparison.secondary if comparison.metrics[name].n)
    if beside:
        among = f", corrected for {beside} scores among themselves (Holm)" if beside > 1 else ""
        lines.append(f"Secondary scores do not count for the verdict; they have p-values of their own{among}.")
    return lines


def ranking_table(ranking: Ranking) -> Table:
    """A line for each variant, the best first."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"{ranking.scorer}, against {ranking.baseline}"), title_justify="left")
    table.add_column("", justify="right")
    table.add_column("variant", overflow="fold")
    for name in ("mean", f"{ranking.confidence:.0%} interval", "difference", "p (Holm)"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for one in ranking.variants:
        against = one.comparison
        kind = against.kind if against is not None else "number"
        kind = next((other.comparison.kind for other in ranking.variants if other.comparison is not None), kind)
        low, high = (show(bound, kind, ranking.scorer) for bound in (one.interval.low, one.interval.high))
        table.add_row(
            str(one.place),
            Text(one.name),
            show(one.mean, kind, ranking.scorer),
            f"{low} to {high}",
            NOTHING if against is None else show_difference(against.difference, kind, ranking.scorer),
            NOTHING if against is None else show_p(against.p_adjusted),
            Text("baseline", style="dim") if against is None else Text(against.verdict, style=_STYLES[against.verdict]),
        )
    return table
