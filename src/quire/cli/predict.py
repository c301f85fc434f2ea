"""``quire predict``: a model over a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quire.cli.command import INTERRUPTED
from quire.cli.output import Output, clean, make_console, styled, write_json

if TYPE_CHECKING:
    from quire.batch import BatchSummary, FileBatch

_OPTION_NAMES = {
    "max_concurrency": "max_concurrency",
    "max_retries": "max_retries",
    "timeout": "timeout",
    "rpm": "max_requests_per_minute",
    "tpm": "max_tokens_per_minute",
    "max_cost_usd": "max_cost_usd",
}


def predict(
    out: Output,
    model: Annotated[str, typer.Argument(help="A model URI, name/VERSION, name@ALIAS, or a folder.")],
    input_path: Annotated[
        str, typer.Option("--input", "-i", metavar="FILE", help="csv, tsv, jsonl or parquet; - for standard input.")
    ],
    output_path: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="csv, tsv, jsonl or parquet; - for standard output.")
    ],
    input_format: Annotated[
        str | None, typer.Option(help="If the extension does not tell.", show_default=False)
    ] = None,
    output_format: Annotated[
        str | None, typer.Option(help="If the extension does not tell.", show_default=False)
    ] = None,
    params: Annotated[
        list[str] | None, typer.Option("--params", "-p", metavar="NAME=VALUE", help="As the model's policy allows.")
    ] = None,
    max_concurrency: Annotated[int | None, typer.Option(help="Requests in flight at most.", show_default="64")] = None,
    max_retries: Annotated[
        int | None, typer.Option(help="Further attempts for each request.", show_default="10")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds for one attempt.", show_default="600")] = None,
    rpm: Annotated[float | None, typer.Option(help="Requests a minute at most.")] = None,
    tpm: Annotated[float | None, typer.Option(help="Tokens a minute at most.")] = None,
    max_cost_usd: Annotated[float | None, typer.Option(help="Stop before more than this is spent.")] = None,
    on_error: Annotated[
        str, typer.Option(metavar="raise|return", help="Stop at a failed row, or go on with its error in a column.")
    ] = "raise",
    output_column: Annotated[str, typer.Option(help="The column that the outputs get.")] = "output",
    error_column: Annotated[str, typer.Option(help="The column that errors get.")] = "error",
    journal: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where answered rows are kept.", show_default="OUTPUT.journal")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an output that exists.")] = False,
    progress: Annotated[bool | None, typer.Option(help="Show a bar.", show_default="on a terminal")] = None,
) -> None:
    """Predict over every row of a file.

    The output has the input's rows in their order, with one more column. A run that was interrupted goes on where
    it was when the same command is run again: rows that were answered are not asked, or paid, a second time.
    """
    from quire.batch import FileBatch, predict_file
    from quire.cli.model_names import model_uri
    from quire.domain.errors import InvalidInput

    if on_error not in ("raise", "return"):
        raise InvalidInput(f"--on-error is {on_error!r}; expected raise or return.")
    given: dict[str, Any] = {
        "max_concurrency": max_concurrency,
        "max_retries": max_retries,
        "timeout": timeout,
        "rpm": rpm,
        "tpm": tpm,
        "max_cost_usd": max_cost_usd,
    }
    options: Any = {_OPTION_NAMES[name]: value for name, value in given.items() if value is not None}
    options["progress"] = progress
    batch = FileBatch(
        model_uri=model_uri(model),
        input_path=input_path,
        output_path=output_path,
        input_format=input_format,
        output_format=output_format,
        params=tuple(params or ()),
        options=options,
        on_error="return" if on_error == "return" else "raise",
        output_column=output_column,
        error_column=error_column,
        journal=journal,
        overwrite=overwrite,
    )
    _report(out, batch, _interruptible(batch, predict_file))


def _interruptible(batch: FileBatch, work: Any) -> BatchSummary:
    try:
        return work(batch)  # type: ignore[no-any-return]
    except KeyboardInterrupt:
        kept = f" Answered rows are kept in {batch.journal_path}; run the same command again to go on."
        print(f"Interrupted.{kept if batch.journal_path else ''}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _report(out: Output, batch: FileBatch, summary: BatchSummary) -> None:
    """The account goes to standard output, unless the rows went there: then to standard error."""
    to_stderr = batch.output_path == "-"
    if out.as_json and not to_stderr:
        write_json(summary)
        return
    console = make_console(stderr=to_stderr or out.as_json)
    for line in summary_lines(summary):
        console.print(styled(clean(line)), soft_wrap=True)


def summary_lines(summary: BatchSummary) -> list[str]:
    """The account of a batch, for a person."""
    from quire.cli.words import duration, plural

    replayed = f", {summary.replayed:,} of them from the journal" if summary.replayed else ""
    cost = "unknown" if summary.cost_usd is None else f"${summary.cost_usd:.4f}"
    lines = [
        f"{plural(summary.rows, 'row')}{replayed}; {summary.failed:,} failed -> {summary.output}",
        f"{plural(summary.requests, 'request')} ({_retries(summary.retries)}), {summary.input_tokens:,} tokens in, "
        f"{summary.output_tokens:,} out, cost {cost}, {duration(round(summary.elapsed_s * 1000))}",
    ]
    if summary.first_error:
        lines.append(f"First error: {' '.join(summary.first_error.split())}")
    if summary.journal:
        lines.append(f"The journal {summary.journal} is kept: run the same command again to ask the failed rows anew.")
    return lines


def _retries(count: int) -> str:
    return f"{count:,} retry" if count == 1 else f"{count:,} retries"
