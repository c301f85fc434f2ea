"""The figures on a terminal, in ``docs/benchmarks.json``, and in the marked parts of the documents.

The JSON file holds the last full measurement of every benchmark; the documents are rendered from it alone. In a
document a part between ``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->`` is replaced; the prose around it is
written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Latency, Measured, Sample, show_times, show_verdict
from bench.headlines import headlines
from bench.worker import REPOSITORY

RECORD = REPOSITORY / "docs" / "benchmarks.json"
DOCUMENTS = (REPOSITORY / "docs" / "benchmarks.md", REPOSITORY / "README.md")

_PART = re.compile(
    r"(?P<start><!-- bench:(?P<name>[\w-]+) -->\n).*?(?P<end><!-- /bench:(?P=name) -->)",
    re.DOTALL,
)
_STYLES = {True: "green", False: "red", None: ""}
_COLUMNS = ("what", "Quire", "beside it", "times", "bar", "")


def print_table(console: Console, title: str, figures: Iterable[Figure]) -> None:
    """One benchmark's figures, a missed bar in red."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column == "times" else "left")
    for figure in figures:
        style = _STYLES[figure.met]
        *cells, verdict = _cells(figure)
        table.add_row(*cells, f"[{style}]{verdict}[/]" if style else verdict)
    console.print(table)


def record(measured: Iterable[Measured]) -> dict[str, Measured]:
    """Put these benchmarks in the JSON file in place of their earlier figures; gives all that it then holds."""
    kept = read_record()
    kept.update({one.name: one for one in measured})
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    return kept


def read_record() -> dict[str, Measured]:
    """The benchmarks in the JSON file, by name."""
    return msgspec.json.decode(RECORD.read_bytes(), type=dict[str, Measured]) if RECORD.exists() else {}


def render_documents(measured: dict[str, Measured]) -> None:
    """Rewrite the marked parts of the documents."""
    parts = rendered_parts(measured)
    for document in DOCUMENTS:
        document.write_text(fill(document.read_text(encoding="utf-8"), parts), encoding="utf-8")


def rendered_parts(measured: dict[str, Measured]) -> dict[str, str]:
    """Each benchmark's table; ``bars``: all figures that are held to one; ``headlines``: those of the README."""
    tables = {name: _markdown(one) for name, one in measured.items()}
    return {**tables, "bars": _bars(measured), "headlines": headlines(measured)}


def fill(text: str, parts: dict[str, str]) -> str:
    """``text`` with what stands between the markers of each part replaced; a part without markers is left out."""
    return _PART.sub(lambda match: _filled(match, parts), text)


def _filled(match: re.Match[str], parts: dict[str, str]) -> str:
    start, name, end = match.group("start", "name", "end")
    return f"{start}{parts[name]}\n{end}" if name in parts else match.group()


def _markdown(measured: Measured) -> str:
    rows = [_cells(figure) for figure in measured.figures]
    return "\n".join([*_table(_COLUMNS, rows), "", f"*{measured.conditions}*"])


def _bars(measured: dict[str, Measured]) -> str:
    held = [figure for one in measured.values() for figure in one.figures if figure.bar is not None]
    rows = [(figure.what, figure.quire.middle, _peer(figure), _times(figure), _bar(figure)) for figure in held]
    return "\n".join(_table(("what", "Quire", "beside it", "times", "bar"), rows))


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _cells(figure: Figure) -> tuple[str, str, str, str, str, str]:
    peer = "" if figure.peer is None else f"{figure.peer_name}: {_sample(figure.peer, figure.peer_latency)}"
    bar = "" if figure.bar is None else figure.bar.text
    return figure.what, _sample(figure.quire, figure.quire_latency), peer, _times(figure), bar, show_verdict(figure.met)


def _sample(sample: Sample, latency: Latency | None) -> str:
    return str(sample) if latency is None else f"{sample}; {latency}"


def _peer(figure: Figure) -> str:
    return "" if figure.peer is None else f"{figure.peer_name}: {figure.peer.middle}"


def _times(figure: Figure) -> str:
    return show_times(figure.times)


def _bar(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    return figure.bar.text if figure.met else f"{figure.bar.text}: **{show_verdict(figure.met) or 'not measured'}**"
