"""``quire runs``: list, show, compare, diff."""

from __future__ import annotations

from typing import Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output

RunArgument = Annotated[str, typer.Argument(help="A run id, or the first digits of one.")]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_runs)
    command(group, "show")(show_run)
    command(group, "compare")(compare)
    command(group, "diff")(diff)


def list_runs(
    out: Output,
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", "-e", metavar="NAME|ID", help="Only runs of this one; may be repeated."),
    ] = None,
    filter_string: Annotated[
        str, typer.Option("--filter", "-f", help="Such as \"metrics.accuracy > 0.8 AND params.model = 'gpt-4o'\".")
    ] = "",
    order_by: Annotated[
        list[str] | None, typer.Option("--order-by", "-o", help='Such as "metrics.accuracy DESC"; may be repeated.')
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50_000, help="At most so many runs.")] = 20,
    columns: Annotated[
        str | None,
        typer.Option("--columns", "-c", help='Columns to show, such as "params.model,metrics.accuracy,tags.team".'),
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted runs instead of active ones.")] = False,
) -> None:
    """List runs, newest first, with the params and metrics that tell them apart."""
    from quire.cli import runs_table
    from quire.cli.lookup import all_experiments, find_experiment, open_existing_store

    store = open_existing_store()
    chosen = [find_experiment(store, text) for text in experiment] if experiment else all_experiments(store)
    page = runs_table.search(store, chosen, filter_string, order_by or [], limit, deleted=deleted)
    picked = [name.strip() for name in columns.split(",")] if columns else None
    more = page.token is not None
    out.emit(
        {"runs": [runs_table.RunView.of(run) for run in page], "more": more},
        lambda console: runs_table.show(console, list(page), chosen, picked, more=more),
    )


def show_run(
    out: Output,
    run: RunArgument,
    artifacts: Annotated[bool, typer.Option(help="List the run's artifact files.")] = True,
) -> None:
    """Show all of one run: params, metrics, tags, datasets, models, artifacts."""
    from quire.cli import run_page
    from quire.cli.lookup import find_run, open_existing_store

    store = open_existing_store()
    page = run_page.read(store, find_run(store, run), with_artifacts=artifacts)
    out.emit(page, lambda console: run_page.show(console, page))


def compare(
    out: Output,
    runs: Annotated[list[str], typer.Argument(help="Two or more; the first is the base.")],
    lower: Annotated[list[str] | None, typer.Option("--lower", help="A metric for which less is better.")] = None,
    higher: Annotated[list[str] | None, typer.Option("--higher", help="A metric for which more is better.")] = None,
    differing: Annotated[bool, typer.Option("--differing", help="Leave out params that are the same.")] = False,
) -> None:
    """Set runs side by side: what differs first, the best value of each metric, distances from the first run."""
    from quire.cli import run_comparison
    from quire.cli.lookup import find_runs, open_existing_store
    from quire.domain.errors import InvalidInput
    from quire.domain.rundiff import compare_runs

    if len(runs) < 2:
        raise InvalidInput(f"A comparison needs two or more runs; only {runs[0]!r} was given.")
    comparison = compare_runs(find_runs(open_existing_store(), runs), lower=lower or (), higher=higher or ())
    out.emit(comparison, lambda console: run_comparison.show(console, comparison, differing=differing))


def diff(out: Output, old: RunArgument, new: RunArgument) -> None:
    """Show only what differs between two runs; text by words."""
    from quire.cli import run_diff
    from quire.cli.lookup import find_runs, open_existing_store

    difference = run_diff.read(*find_runs(open_existing_store(), [old, new]))
    out.emit(difference, lambda console: run_diff.show(console, difference))
