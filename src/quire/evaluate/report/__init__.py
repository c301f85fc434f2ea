"""Reports of an evaluation: one HTML file without network, or Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation

_FORMATS = {"html": "html", "htm": "html", "md": "markdown", "markdown": "markdown"}


def write_report(
    evaluation: Evaluation,
    path: str | Path | None,
    a: str | None,
    b: str | None,
    *,
    confidence: float,
    format: str | None,
    max_rows: int,
    primary: str | Sequence[str] | None = None,
) -> str:
    """The report as text, written to ``path`` if one is given. See :meth:`Evaluation.report`."""
    from quire.evaluate.options import check_whole
    from quire.evaluate.report.content import gather
    from quire.evaluate.report.html import as_html
    from quire.evaluate.report.markdown import as_markdown

    kind = _format(path, format)
    check_whole("max_rows", max_rows, 0)
    content = gather(evaluation, a, b, confidence=confidence, max_rows=max_rows, primary=primary)
    text = as_html(content) if kind == "html" else as_markdown(content)
    if path is not None:
        _write(Path(path), text)
    return text


def _format(path: str | Path | None, given: str | None) -> str:
    said = given if given is not None else Path(path).suffix.removeprefix(".") if path is not None else "html"
    kind = _FORMATS.get(said.lower())
    if kind is None:
        where = f"the path {str(path)!r} ends so" if given is None else "`format` says so"
        raise InvalidInput(f"There is no report of the format {said!r} ({where}); expected html or markdown (.md).")
    return kind


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"The report {str(path)!r} cannot be written: {error.strerror or error}.") from None
