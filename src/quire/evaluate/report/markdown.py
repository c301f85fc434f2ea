"""A report as Markdown, for a pull request: text in it is shown, never followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from quire.domain.textdiff import diff_text
from quire.evaluate.comparison import Comparison
from quire.evaluate.numbers import NOTHING, show, show_difference, show_p
from quire.evaluate.printing import footnotes, metric_cells, shown_name
from quire.evaluate.ranking import Ranking
from quire.evaluate.report.content import Content, Difference, methods, paid

_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~>])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SIGNS = {"better": "✅", "worse": "❌", "mixed": "⚠️", "no difference shown": "➖"}
_NO_MENTION = "@\u200b"
"""A blank of no width, so that nobody is told of an answer that holds their name."""
_ROWS = 10


def inline(value: str) -> str:
    """Text on one line that Markdown leaves as it is: no links, no mentions, no tags, no tables broken."""
    one_line = " ".join(_CONTROL.sub(" ", value).split())
    marked = _MARKS.sub(r"\\\1", escape(one_line, quote=False))
    return marked.replace("@", _NO_MENTION).replace("://", "&#58;//").replace("www.", "www&#46;")


def block(value: str) -> str:
    """Text of several lines, as it is."""
    return f"<pre>\n{escape(_shown(value), quote=False)}\n</pre>"


def _shown(value: str) -> str:
    """Text of several lines without control characters."""
    return "\n".join(
        _CONTROL.sub("\N{REPLACEMENT CHARACTER}", line) for line in value.replace("\r\n", "\n").split("\n")
    )


def as_markdown(content: Content) -> str:
    """The whole document."""
    return "\n\n".join(part for part in _parts(content) if part) + "\n"


def _parts(content: Content) -> Iterator[str]:
    evaluation = content.evaluation
    if content.main is None:
        yield f"## {inline(evaluation.variants[0])} on {inline(evaluation.dataset.name)}"
    else:
        comparison = content.main
        title = f"{inline(comparison.b)} against {inline(comparison.a)} on {inline(evaluation.dataset.name)}"
        yield f"## {_SIGNS[comparison.verdict]} {title}"
        yield f"**{inline(comparison.sentence)}**"
        yield _table(comparison)
        yield "\n".join(f"- {inline(line)}" for line in footnotes(comparison))
        if content.ranking is not None:
            yield _ranking(content.ranking)
        for other in content.others:
            yield f"### {_SIGNS[other.verdict]} {inline(other.b)} against {inline(other.a)}\n\n{inline(other.sentence)}"
            yield _table(other)
    yield _costs(content)
    if content.main is not None and content.differences:
        yield _rows(content, content.main)
    lines = "\n".join(f"- {inline(line)}" for line in methods(content))
    yield f"<details><summary>How it was computed</summary>\n\n{lines}\n\n</details>"


def _table(comparison: Comparison) -> str:
    head = ["score", comparison.a, comparison.b, "difference", f"{comparison.confidence:.0%} interval", "p"]
    rows = [
        [shown_name(comparison, metric), *metric_cells(metric), f"{_SIGNS[metric.verdict]} {metric.verdict}"]
        for metric in comparison.metrics.values()
    ]
    return markdown_table([*head, "won/lost/tied", "verdict"], rows)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is words, the others numbers."""
    lines = [head, *rows]
    cells = ["| " + " | ".join(inline(cell) for cell in line) + " |" for line in lines]
    rule = "| --- |" + " ---: |" * (len(head) - 1)
    return "\n".join([cells[0], rule, *cells[1:]])


def _ranking(ranking: Ranking) -> str:
    kinds = [one.comparison.kind for one in ranking.variants if one.comparison is not None]
    kind, name = kinds[0] if kinds else "number", ranking.scorer
    rows = [
        [
            f"{one.place}. {one.name}",
            show(one.mean, kind, name),
            NOTHING if one.comparison is None else show_difference(one.comparison.difference, kind, name),
            NOTHING if one.comparison is None else show_p(one.comparison.p_adjusted),
            "baseline" if one.comparison is None else one.comparison.verdict,
        ]
        for one in ranking.variants
    ]
    return f"### Ranking by {inline(name)}\n\n" + markdown_table(
        ["variant", "mean", "difference", "p", "verdict"], rows
    )


def _costs(content: Content) -> str:
    rows = []
    asking = bool(content.evaluation.costs.scorers_usd)
    for variant in content.evaluation.variants:
        table = content.evaluation.table(variant)
        cost, latency = table.measures["cost_usd"], table.measures["latency_s"]
        rows.append(
            [
                variant,
                f"{table.rows:,}",
                f"{table.failed:,}",
                show(latency.mean, name="latency_s"),
                show(cost.total, name="cost_usd") if cost.present else NOTHING,
                *([show(sum(table.scorers_usd.values()), name="cost_usd")] if asking else []),
            ]
        )
    head = ["variant", "answers", "failed", "mean latency", "cost", *(["cost of scorers"] if asking else [])]
    notes = "".join(f"\n\n{inline(line)}" for line in paid(content))
    return "### Cost and latency\n\n" + markdown_table(head, rows) + notes


def _rows(content: Content, comparison: Comparison) -> str:
    shown = content.differences[:_ROWS]
    said = f"{content.disagreeing:,} records have other scores; the {len(shown):,} where the two differ most:"
    return "### Rows\n\n" + "\n\n".join([said, *(_row(row, comparison) for row in shown)])


def _row(row: Difference, comparison: Comparison) -> str:
    summary = " ".join(row.inputs.split())
    short = escape(summary if len(summary) <= 100 else f"{summary[:97]}…").replace("@", _NO_MENTION)
    answers = "\n\n".join(
        f"{inline(name)}: {inline(side.error) if side.error else _scores(side.scores)}"
        for name, side in ((comparison.a, row.a), (comparison.b, row.b))
    )
    words = _diff(row.a.outputs, row.b.outputs)
    expected = f"\n\nExpected:\n\n{block(row.expectations)}" if row.expectations else ""
    return (
        f"<details><summary>{row.index + 1}. {short}</summary>\n\n{block(row.inputs)}{expected}\n\n{answers}\n\n"
        f"{words}\n\n</details>"
    )


def _scores(scores: Sequence[object]) -> str:
    return inline(", ".join(f"{getattr(one, 'name', '')} {_value(getattr(one, 'value', None))}" for one in scores))


def _value(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "right" if value else "wrong"
    return show(float(value)) if isinstance(value, int | float) else str(value)[:60]


def _diff(old: str, new: str) -> str:
    """Both outputs in one, what was taken out and put in marked."""
    marks = {"removed": ("<del>", "</del>"), "added": ("<ins>", "</ins>"), "same": ("", "")}
    pieces = []
    for piece in diff_text(old, new):
        start, end = marks[piece.op]
        pieces.append(f"{start}{escape(_shown(piece.text), quote=False)}{end}")
    return "<pre>\n" + "".join(pieces) + "\n</pre>"
