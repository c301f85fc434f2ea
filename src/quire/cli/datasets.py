"""``quire datasets``: list, show, import, export, diff, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output

DatasetArgument = Annotated[str, typer.Argument(metavar="DATASET", help="A name, an id (d-...), or datasets:/NAME/3.")]
ColumnsOption = list[str] | None
_FIELDS = "A column, or FIELD=COLUMN; may be repeated."


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_datasets)
    command(group, "show")(show)
    command(group, "import")(import_file)
    command(group, "export")(export)
    command(group, "diff")(diff)
    command(group, "delete")(delete)


def list_datasets(
    out: Output,
    filter_string: Annotated[
        str, typer.Option("--filter", "-f", help="Such as \"name LIKE 'gsm8k%' AND tags.team = 'red'\".")
    ] = "",
    order_by: Annotated[
        list[str] | None, typer.Option("--order-by", "-o", help='Such as "name ASC"; may be repeated.')
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50_000, help="At most so many datasets.")] = 20,
) -> None:
    """List datasets, newest first."""
    from quire.cli import datasets_table
    from quire.cli.lookup import open_existing_store

    store = open_existing_store()
    page = store.search_datasets(filter_string=filter_string, order_by=order_by or [], max_results=limit)
    more = page.token is not None
    out.emit(
        {"datasets": [datasets_table.DatasetView.of(item) for item in page], "more": more},
        lambda console: datasets_table.show(console, list(page), more=more),
    )


def show(
    out: Output,
    dataset: DatasetArgument,
    records: Annotated[int, typer.Option("--records", "-n", min=0, help="Show so many records.")] = 3,
) -> None:
    """Show a dataset: its fields, its versions, its first records."""
    from quire.cli import datasets_table
    from quire.cli.lookup import open_existing_store

    page = datasets_table.read(open_existing_store(), dataset, records)
    out.emit(page, lambda console: datasets_table.show_page(console, page))


def import_file(
    out: Output,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the dataset.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help=".jsonl, .csv, .tsv or .parquet.")],
    inputs: Annotated[ColumnsOption, typer.Option("--inputs", "-i", metavar="COLUMN", help=_FIELDS)] = None,
    expectations: Annotated[ColumnsOption, typer.Option("--expectations", "-e", metavar="COLUMN", help=_FIELDS)] = None,
    outputs: Annotated[str | None, typer.Option("--outputs", metavar="COLUMN", help="The column of answers.")] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="COLUMN", help="The column of what belongs together.")
    ] = None,
    tags: Annotated[ColumnsOption, typer.Option("--tags", metavar="COLUMN", help=_FIELDS)] = None,
    split: Annotated[str | None, typer.Option("--split", metavar="COLUMN", help="The column of splits.")] = None,
    splits: Annotated[
        str | None, typer.Option("--splits", metavar="SHARES", help='Splits at random, such as "dev=0.5,test=0.5".')
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which random splits.")] = 0,
    merge: Annotated[bool, typer.Option("--merge", help="Add to the dataset if there is one of the name.")] = False,
    mixed: Annotated[bool, typer.Option("--mixed-types", help="Take fields whose type changes.")] = False,
) -> None:
    """Make a dataset of a file, or add to one; without columns, rows have inputs, expectations, outputs, tags."""
    from quire.cli import datasets_table
    from quire.cli.words import plural

    done = datasets_table.import_file(
        name,
        file,
        merge=merge,
        inputs=datasets_table.fields(inputs),
        expectations=datasets_table.fields(expectations),
        outputs=outputs,
        group=group,
        tags=datasets_table.fields(tags),
        split=split,
        splits=datasets_table.shares(splits),
        seed=seed,
        check_schema=not mixed,
    )
    version = "" if done.version is None else f" version {done.version}:"
    out.emit(
        done,
        lambda console: console.print(
            f"{done.name}:{version} {plural(done.records, 'record')}, digest {done.digest}", soft_wrap=True
        ),
    )


def export(
    out: Output,
    dataset: DatasetArgument,
    file: Annotated[Path, typer.Option("--output", "-o", help="The file to write; - for standard output.")],
    version: Annotated[str | None, typer.Option("--version", help="A version's number or digest.")] = None,
    split: Annotated[str | None, typer.Option("--split", help="Only the records of this split.")] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", metavar="jsonl|csv|tsv|parquet", help="Unless the ending tells.")
    ] = None,
) -> None:
    """Write a dataset to a file."""
    from quire import datasets
    from quire.cli.lookup import require_existing_store
    from quire.cli.words import plural

    require_existing_store()
    count = datasets.export(datasets.load(dataset, version, split), str(file), format=file_format)
    if str(file) != "-":
        out.emit(
            {"file": str(file), "records": count},
            lambda console: console.print(f"{file}: {plural(count, 'record')}", soft_wrap=True),
        )


def diff(
    out: Output,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A dataset, a version (datasets:/NAME/1), or a file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What to compare with it.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Show so many records of each kind.")] = 5,
) -> None:
    """Compare two datasets or versions, record by record: added, removed, changed."""
    from quire import datasets
    from quire.cli import datasets_table

    difference = datasets.diff(datasets_table.opened(old), datasets_table.opened(new), show=limit)
    out.emit(difference, lambda console: datasets_table.show_diff(console, difference))


def delete(out: Output, dataset: DatasetArgument) -> None:
    """Delete a dataset with its records and all its versions, for good."""
    from quire import datasets
    from quire.cli.lookup import require_existing_store

    require_existing_store()
    datasets.delete(dataset)
    out.emit({"deleted": dataset}, lambda console: console.print(f"{dataset} deleted.", soft_wrap=True))
