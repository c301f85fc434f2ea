"""The few figures that a reader of the README wants first: one or two of each part, and which bars are missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bench.figures import Figure, Measured, show_times


class _Headline(NamedTuple):
    """A figure by its benchmark, its name there and the peer beside it, and the words that the README has for it."""

    benchmark: str
    what: str
    peer: str
    words: str


_HEADLINES = (
    _Headline("import", "import", "MLflow", "`import quire`"),
    _Headline("package", "log_model", "MLflow", "package and log a model"),
    _Headline("predict", "1,000 rows, 50 ms", "MLflow", "predict 1,000 rows, each answered after 50 ms"),
    _Headline(
        "evaluate",
        "4 variants × 10,000 rows × 4 scorers, 0 ms",
        "MLflow",
        "evaluate 4 × 10,000 rows, 4 scorers",
    ),
    _Headline("autolog", "added to a call, median", "MLflow autolog", "autologging, added to a call"),
    _Headline("otlp", "spans stored, 8 clients", "MLflow", "store spans that come by OTLP"),
    _Headline("otlp", "spans stored, 8 clients", "Phoenix", "store spans that come by OTLP"),
    _Headline("server-sqlite", "log-batch of 100 metrics, 8 clients", "MLflow", "log 100 metrics at once to a server"),
    _Headline("server-search-sqlite", "search of 1,000 runs, 8 clients", "MLflow", "search runs on a server"),
    _Headline("serving-rates", "answers, 64 connections", "LiteLLM", "serve answers, 64 connections"),
    _Headline("serving-rates", "answers, 64 connections", "MLflow gateway", "serve answers, 64 connections"),
    _Headline("ui-runs", "first page asked for to usable, server just started", "MLflow", "open the web interface"),
    _Headline("ui-runs", "100,000 runs: input to next paint, p95", "MLflow", "react to a key or a click, p95"),
)


def headlines(measured: Mapping[str, Measured]) -> str:
    """A table of the figures chosen here that were measured, and a sentence on the bars, as Markdown."""
    lines = ["| what | Quire | beside it | times |", "| --- | --- | --- | --- |"]
    for headline in _HEADLINES:
        figure = _find(measured, headline)
        if figure is not None and figure.peer is not None:
            beside = f"{figure.peer_name}: {figure.peer.middle}"
            lines.append(f"| {headline.words} | {figure.quire.middle} | {beside} | {show_times(figure.times)} |")
    return "\n".join([*lines, "", _bars(measured)])


def _find(measured: Mapping[str, Measured], headline: _Headline) -> Figure | None:
    figures = measured[headline.benchmark].figures if headline.benchmark in measured else []
    wanted = (headline.what, headline.peer)
    return next((figure for figure in figures if (figure.what, figure.peer_name) == wanted), None)


def _bars(measured: Mapping[str, Measured]) -> str:
    held = [figure for one in measured.values() for figure in one.figures if figure.bar is not None]
    missed = [figure for figure in held if figure.met is not True]
    said = f"{len(held) - len(missed)} of {len(held)} figures that are held to a bar meet it"
    if not missed:
        return f"{said}."
    return f"{said}. Missed: {'; '.join(_missed(figure) for figure in missed)}."


def _missed(figure: Figure) -> str:
    bar = "" if figure.bar is None else figure.bar.text
    against = "" if figure.peer is None else f" against {figure.peer.middle}"
    return f"{figure.what} ({bar}: {figure.quire.middle}{against})"
