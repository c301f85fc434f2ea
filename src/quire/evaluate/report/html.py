"""A report as one HTML file: no script, no network, readable on a phone and aloud."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from quire.domain.textdiff import diff_text
from quire.evaluate.comparison import Comparison, MetricComparison, averages_of
from quire.evaluate.numbers import NOTHING, show, show_difference, show_p
from quire.evaluate.printing import footnotes, metric_cells, shown_name
from quire.evaluate.ranking import Ranking
from quire.evaluate.report.content import Content, Difference, Side, methods, paid
from quire.evaluate.report.style import STYLE
from quire.evaluate.report.svg import distribution_picture, interval_picture, outcome_picture
from quire.evaluate.table import MEASURES, VariantTable

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MOOD = {"better": "better", "worse": "worse", "mixed": "mixed", "no difference shown": "unclear"}


def text(value: str) -> str:
    """Text that can do nothing but be read: escaped, without characters that HTML may not hold."""
    return escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", value))


def as_html(content: Content) -> str:
    """The whole document."""
    title = _title(content)
    body = "\n".join(part for part in _parts(content, title) if part)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="quire">\n<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n<main>\n{body}\n</main>\n{_footer(content)}\n</body>\n</html>\n"
    )


def _title(content: Content) -> str:
    if content.main is None:
        return f"{content.evaluation.variants[0]} on {content.evaluation.dataset.name}"
    return f"{content.main.b} against {content.main.a} on {content.evaluation.dataset.name}"


def _parts(content: Content, title: str) -> Iterator[str]:
    yield f"<h1>{text(title)}</h1>"
    if content.main is not None:
        yield _verdict(content.main)
        yield from _comparison(content, content.main)
        if content.ranking is not None:
            yield _ranking(content.ranking)
        for other in content.others:
            yield f"<h2>{text(other.b)} against {text(other.a)}</h2><p>{text(other.sentence)}</p>{_table(other)}"
    yield _costs(content)
    if content.main is not None:
        yield _distributions(content, content.main)
        yield _rows(content, content.main)


def _verdict(comparison: Comparison) -> str:
    missing = sum(metric.missing_a + metric.missing_b for metric in comparison.metrics.values())
    note = f" {missing:,} scores are missing (see below)." if missing else ""
    repeats = f", each answered {comparison.repeats} times" if comparison.repeats > 1 else ""
    return (
        f'<section class="verdict {_MOOD[comparison.verdict]}" aria-label="Verdict"><p>{text(comparison.sentence)}</p>'
        f'<p class="soft">{comparison.records:,} records{repeats}.{note}</p></section>'
    )


def _comparison(content: Content, comparison: Comparison) -> Iterator[str]:
    yield "<h2>Scores</h2>" + _table(comparison)
    cards = "".join(
        f'<figure class="card"><h3>{text(shown_name(comparison, metric))}</h3>{interval_picture(metric)}'
        f"<figcaption>Difference and {comparison.confidence:.0%} interval; {_direction(metric)}.</figcaption></figure>"
        for metric in comparison.metrics.values()
    )
    yield f'<div class="cards">{cards}</div>'
    notes = "".join(f"<li>{text(line)}</li>" for line in footnotes(comparison))
    yield f'<ul class="soft">{notes}</ul>' if notes else ""


def _direction(metric: MetricComparison) -> str:
    return "more is better" if metric.higher_is_better else "less is better"


def _table(comparison: Comparison) -> str:
    head = ["score", comparison.a, comparison.b, "difference", f"{comparison.confidence:.0%} interval", "p"]
    head += ["won / lost / tied", "verdict"]
    rows = [
        [
            text(shown_name(comparison, metric)),
            *(text(cell) for cell in metric_cells(metric)),
            f'<span class="{_MOOD[metric.verdict]}">{metric.verdict}</span>',
        ]
        for metric in comparison.metrics.values()
    ]
    among = "; primary and secondary scores apart" if comparison.primary else ""
    return html_table(head, rows, f"p-values are corrected for the number of scores{among}")


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table whose cells are HTML; heads and caption are text."""
    heads = "".join(f'<th scope="col">{text(cell)}</th>' for cell in head)
    lines = "".join(
        "<tr>" + f'<th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    said = f"<caption>{text(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption or head[0])}">'
        f"<table>{said}<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _ranking(ranking: Ranking) -> str:
    kinds = [one.comparison.kind for one in ranking.variants if one.comparison is not None]
    kind, name = kinds[0] if kinds else "number", ranking.scorer
    rows = [
        [
            f"{one.place}. {text(one.name)}",
            text(show(one.mean, kind, name)),
            text(f"{show(one.interval.low, kind, name)} to {show(one.interval.high, kind, name)}"),
            NOTHING if one.comparison is None else text(show_difference(one.comparison.difference, kind, name)),
            NOTHING if one.comparison is None else text(show_p(one.comparison.p_adjusted)),
            "baseline"
            if one.comparison is None
            else f'<span class="{_MOOD[one.comparison.verdict]}">{one.comparison.verdict}</span>',
        ]
        for one in ranking.variants
    ]
    head = ["variant", f"mean {name}", f"{ranking.confidence:.0%} interval", "difference", "p", "verdict"]
    caption = f"All variants against {ranking.baseline}; p-values are corrected for their number"
    return f"<h2>Ranking by {text(name)}</h2>" + html_table(head, rows, caption)


def _costs(content: Content) -> str:
    rows = []
    asking = bool(content.evaluation.costs.scorers_usd)
    for variant in content.evaluation.variants:
        table: VariantTable = content.evaluation.table(variant)
        latency = sorted(value for value in table.measures["latency_s"].values if value == value)
        cost = table.measures["cost_usd"]
        tokens = [table.measures[name] for name in ("input_tokens", "output_tokens")]
        rows.append(
            [
                text(variant),
                f"{table.rows:,}",
                f"{table.failed:,}",
                text(show(_quantile(latency, 0.5), name="latency_s")),
                text(show(_quantile(latency, 0.95), name="latency_s")),
                *(text(f"{column.total:,.0f}") if column.present else NOTHING for column in tokens),
                text(show(cost.total, name="cost_usd")) if cost.present else NOTHING,
                text(show(cost.mean * 1000, name="cost_usd")) if cost.present else NOTHING,
                *([text(show(sum(table.scorers_usd.values()), name="cost_usd"))] if asking else []),
            ]
        )
    head = ["variant", "answers", "failed", "median latency", "p95 latency", "input tokens", "output tokens", "cost"]
    table_of_costs = html_table(
        [*head, "cost of 1,000", *(["cost of scorers"] if asking else [])],
        rows,
        "Of the answers as they were given; answers from the cache count as they did then",
    )
    notes = "".join(f'<p class="soft">{text(line)}</p>' for line in paid(content))
    return "<h2>Cost and latency</h2>" + table_of_costs + notes


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _distributions(content: Content, comparison: Comparison) -> str:
    names = comparison.a, comparison.b
    first, second = (content.evaluation.table(name) for name in names)
    cards = []
    for metric in comparison.metrics.values():
        cards.append(_card(metric.name, _score_picture(first, second, metric, names)))
    for name in MEASURES:
        if name in comparison.metrics or not (first.measures[name].present and second.measures[name].present):
            continue
        values = [[value for value in table.measures[name].values if value == value] for table in (first, second)]
        cards.append(_card(name, _histogram(names, values[0], values[1], name)))
    key = f'<p class="soft"><span class="key a"></span>{text(names[0])} <span class="key b"></span>{text(names[1])}</p>'
    return f'<h2>Distributions</h2>{key}<div class="cards">{"".join(cards)}</div>'


def _card(name: str, picture: str) -> str:
    return f'<figure class="card"><h3>{text(name)}</h3>{picture}</figure>'


def _score_picture(a: VariantTable, b: VariantTable, metric: MetricComparison, names: tuple[str, str]) -> str:
    first, second = averages_of(a, metric.name), averages_of(b, metric.name)
    if metric.kind == "binary":
        pairs = [(first[key], second[key]) for key in first if not _either_missing(first[key], second[key])]
        counts = [sum(pair == wanted for pair in pairs) for wanted in ((1, 1), (1, 0), (0, 1), (0, 0))]
        picture = outcome_picture(names, counts[0], counts[1], counts[2], counts[3])
        words = (
            f"Both {counts[0]:,}; only {names[1]} {counts[2]:,}; only {names[0]} {counts[1]:,}; neither {counts[3]:,}"
        )
        return f"{picture}<figcaption>{text(words)}</figcaption>"
    there = [[value for value in side.values() if value == value] for side in (first, second)]
    return _histogram(names, there[0], there[1], metric.name)


def _either_missing(first: float, second: float) -> bool:
    return first != first or second != second


def _histogram(names: tuple[str, str], a: Sequence[float], b: Sequence[float], name: str) -> str:
    values = [*a, *b]
    low, high = (show(bound, name=name) for bound in ((min(values), max(values)) if values else (0.0, 0.0)))
    return distribution_picture(names, a, b, low, high)


def _rows(content: Content, comparison: Comparison) -> str:
    count, shown = content.disagreeing, len(content.differences)
    if not count:
        return "<h2>Rows</h2><p>The two have the same scores on every record.</p>"
    said = f"{count:,} records have other scores; {shown:,} are shown, those first where the two differ most."
    rows = "".join(_row(difference, comparison) for difference in content.differences)
    return f"<h2>Rows</h2><p>{said}</p>{rows}"


def _row(row: Difference, comparison: Comparison) -> str:
    summary = " ".join(row.inputs.split())
    short = summary if len(summary) <= 120 else f"{summary[:117]}…"
    group = f" · group {text(row.group)}" if row.group is not None else ""
    expected = f'<h3>Expected</h3><div class="text">{text(row.expectations)}</div>' if row.expectations else ""
    old, new = _marked(row.a.outputs, row.b.outputs)
    return (
        f"<details><summary><strong>{row.index + 1}</strong> {text(short)} {_changes(row, comparison)}</summary><div>"
        f'<p class="soft">record {text(row.record_id[:16])}{group}</p>'
        f'<h3>Input</h3><div class="text">{text(row.inputs)}</div>{expected}'
        f'<div class="sides">{_side(comparison.a, row.a, old)}{_side(comparison.b, row.b, new)}</div></div></details>'
    )


def _changes(row: Difference, comparison: Comparison) -> str:
    """The scores of both sides where they differ, in few words."""
    first = {score.name: score for score in row.a.scores}
    second = {score.name: score for score in row.b.scores}
    parts = []
    for name, metric in comparison.metrics.items():
        was = first[name].value if name in first else None
        became = second[name].value if name in second else None
        if was != became:
            parts.append(f"{name} {_value(was, metric)} → {_value(became, metric)}")
    return f'<span class="soft">{text("; ".join(parts[:4]))}</span>'


def _value(value: Any, metric: MetricComparison | None = None) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "right" if value else "wrong"
    if isinstance(value, str):
        return value if len(value) <= 60 else f"{value[:57]}…"
    return show(float(value), "number", metric.name if metric is not None else "")


def _side(name: str, side: Side, marked: str) -> str:
    body = f'<p class="error">{text(side.error)}</p>' if side.error else f'<div class="text">{marked}</div>'
    spent = [show(side.latency_s, name="latency_s"), show(side.cost_usd, name="cost_usd")]
    scores = "".join(
        f"<li>{text(score.name)}: {text(_value(score.value))}"
        + (f' <span class="error">{text(score.error)}</span>' if score.error else "")
        + (f' <span class="soft">{text(score.rationale)}</span>' if score.rationale else "")
        + "</li>"
        for score in side.scores
    )
    known = " · ".join(part for part in spent if part != NOTHING)
    return f'<section><h3>{text(name)}</h3>{body}<ul>{scores}</ul><p class="soft">{text(known)}</p></section>'


def _marked(old: str, new: str) -> tuple[str, str]:
    """Both outputs, with the words that the other lacks marked."""
    if old == new or not old or not new:
        return text(old), text(new)
    pieces = diff_text(old, new)
    removed = "".join(
        _piece(piece.text, "del" if piece.op == "removed" else "") for piece in pieces if piece.op != "added"
    )
    added = "".join(
        _piece(piece.text, "ins" if piece.op == "added" else "") for piece in pieces if piece.op != "removed"
    )
    return removed, added


def _piece(words: str, mark: str) -> str:
    return f"<{mark}>{text(words)}</{mark}>" if mark else text(words)


def _footer(content: Content) -> str:
    lines = "".join(f"<li>{text(line)}</li>" for line in methods(content))
    return f'<footer><h2>How it was computed</h2><ul class="soft">{lines}</ul></footer>'
