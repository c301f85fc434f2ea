"""``quire traces``: list, search, show, usage, export, record, delete, prune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output

ExperimentOption = Annotated[
    list[str] | None,
    typer.Option("--experiment", "-e", metavar="NAME|ID", help="Only traces of this one; may be repeated."),
]
FilterOption = Annotated[
    str, typer.Option("--filter", "-f", help="Such as \"trace.status = 'ERROR' AND trace.execution_time_ms > 2000\".")
]
OrderOption = Annotated[
    list[str] | None, typer.Option("--order-by", "-o", help='Such as "execution_time_ms DESC"; may be repeated.')
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, max=50_000, help="At most so many traces.")]
TraceArguments = Annotated[list[str], typer.Argument(metavar="TRACE...", help="Trace ids: tr-...")]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_traces)
    command(group, "search")(search)
    command(group, "show")(show)
    command(group, "usage")(usage)
    command(group, "export")(export)
    command(group, "record")(record)
    command(group, "delete")(delete)
    command(group, "prune")(prune)


def list_traces(
    out: Output,
    experiment: ExperimentOption = None,
    filter_string: FilterOption = "",
    order_by: OrderOption = None,
    limit: LimitOption = 20,
) -> None:
    """List traces, newest first."""
    _list(out, experiment, filter_string, order_by, limit)


def search(
    out: Output,
    text: Annotated[str, typer.Argument(help="Found in inputs, outputs and all else of a span, in any case.")],
    experiment: ExperimentOption = None,
    filter_string: FilterOption = "",
    order_by: OrderOption = None,
    limit: LimitOption = 20,
) -> None:
    """List traces that hold a text, newest first."""
    from quire.cli.traces_table import text_filter

    _list(out, experiment, text_filter(text, filter_string), order_by, limit)


def _list(
    out: Output, experiment: list[str] | None, filter_string: str, order_by: list[str] | None, limit: int
) -> None:
    from quire.cli import traces_table
    from quire.cli.lookup import chosen_experiments, open_existing_store

    store = open_existing_store()
    chosen = [item.experiment_id for item in chosen_experiments(store, experiment)]
    page = traces_table.search(store, chosen, filter_string, order_by or [], limit)
    more = page.token is not None
    out.emit(
        {"traces": [traces_table.TraceView.of(info) for info in page], "more": more},
        lambda console: traces_table.show(console, list(page), more=more),
    )


def show(
    out: Output,
    trace: Annotated[str, typer.Argument(help="A trace id: tr-...")],
    content: Annotated[bool, typer.Option(help="Show the inputs and outputs of each span.")] = False,
) -> None:
    """Show a trace: its spans as a tree with durations, tokens and cost, and what is said of it."""
    from quire.cli import trace_page
    from quire.cli.lookup import open_existing_store

    page = trace_page.read(open_existing_store(), trace)
    out.emit(page, lambda console: trace_page.show(console, page, content=content))


def usage(
    out: Output,
    by: Annotated[
        str,
        typer.Option("--by", help="model, experiment, run, session, user, prompt, model_version or day."),
    ] = "model",
    experiment: ExperimentOption = None,
    filter_string: FilterOption = "",
    since: Annotated[
        str | None, typer.Option("--since", metavar="AGE", help="Only traces that began in the last 12h, 30d, 4w.")
    ] = None,
    limit: LimitOption = 100,
) -> None:
    """Sum up what traces used: tokens, cost, errors, durations."""
    from quire.cli import traces_table
    from quire.cli.lookup import chosen_experiments, open_existing_store
    from quire.domain.trace_usage import check_usage_by

    store = open_existing_store()
    found = store.trace_usage(
        [item.experiment_id for item in chosen_experiments(store, experiment)],
        by=check_usage_by(by),
        filter_string=filter_string,
        start_ms=None if since is None else traces_table.moment_before(since),
        max_results=min(limit, 10_000),
    )
    out.emit({"usage": found}, lambda console: traces_table.show_usage(console, by, found))


def export(
    out: Output,
    file: Annotated[Path, typer.Option("--output", "-o", help="The file to write; - for standard output.")],
    experiment: ExperimentOption = None,
    filter_string: FilterOption = "",
    limit: LimitOption = 1000,
) -> None:
    """Write traces with their spans as JSON lines, each as MLflow's Trace.from_json reads it."""
    from quire.cli import trace_export
    from quire.cli.lookup import chosen_experiments, open_existing_store
    from quire.cli.words import plural

    store = open_existing_store()
    chosen = [item.experiment_id for item in chosen_experiments(store, experiment)]
    count = trace_export.write(store, chosen, filter_string, limit, file)
    if str(file) != "-":
        out.emit(
            {"file": str(file), "traces": count},
            lambda console: console.print(f"{file}: {plural(count, 'trace')}", soft_wrap=True),
        )


def record(
    out: Output,
    file: Annotated[Path, typer.Option("--output", "-o", help="The recording to write: JSON lines.")],
    traces: Annotated[list[str] | None, typer.Argument(metavar="[TRACE]...", help="Trace ids: tr-...")] = None,
    experiment: ExperimentOption = None,
    filter_string: FilterOption = "",
    limit: LimitOption = 1000,
) -> None:
    """Write the OpenAI calls of traces as a recording, for quire.openai.replay and quire simulate --recording."""
    from quire.cli import trace_recording
    from quire.cli.lookup import chosen_experiments, open_existing_store
    from quire.cli.words import plural
    from quire.domain.errors import InvalidInput

    if traces and (experiment or filter_string):
        raise InvalidInput("Name the traces, or say which by --experiment and --filter; not both.")
    store = open_existing_store()
    if traces:
        made = trace_recording.write_named(store, traces, file)
    else:
        chosen = [item.experiment_id for item in chosen_experiments(store, experiment)]
        made = trace_recording.write_found(store, chosen, filter_string, limit, file)
    without = [
        f"{count} {word}" for count, word in ((made.failed, "failed"), (made.left_out, "not held whole")) if count
    ]
    text = f"{file}: {plural(made.calls, 'call')} of {plural(made.traces, 'trace')}"
    said = f"{text} (without {', '.join(without)})" if without else text
    out.emit(made, lambda console: console.print(said, soft_wrap=True))


def delete(out: Output, traces: TraceArguments) -> None:
    """Delete traces with their spans and assessments, for good."""
    from quire.cli.lookup import open_existing_store
    from quire.cli.traces_table import delete_traces
    from quire.cli.words import plural

    deleted = delete_traces(open_existing_store(), traces)
    out.emit({"deleted": deleted}, lambda console: console.print(f"{plural(deleted, 'trace')} deleted."))


def prune(
    out: Output,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Delete what began longer ago: 12h, 30d, 4w.")
    ] = None,
    keep_gb: Annotated[
        float | None,
        typer.Option("--keep-gb", min=0, help="Delete the oldest beyond so many gigabytes of the newest."),
    ] = None,
    experiment: ExperimentOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")] = False,
) -> None:
    """Delete old traces, by age, by size, or both; a few hundred at a time."""
    from quire.cli import traces_table
    from quire.cli.lookup import chosen_experiments, open_existing_store
    from quire.store.pruning import prune as prune_store

    store = open_existing_store()
    chosen = [item.experiment_id for item in chosen_experiments(store, experiment)]
    older = None if older_than is None else traces_table.moment_before(older_than)
    keep = None if keep_gb is None else int(keep_gb * 1e9)
    if dry_run:
        pruned = store.plan_pruning(chosen, older_than_ms=older, keep_bytes=keep)
    else:
        pruned = prune_store(store, chosen, older_than_ms=older, keep_bytes=keep)
    out.emit(
        {"dry_run": dry_run, "pruned": pruned},
        lambda console: traces_table.show_pruned(console, pruned, dry_run=dry_run),
    )
