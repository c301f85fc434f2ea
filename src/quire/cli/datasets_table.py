"""Datasets as rows and pages: what is listed of each, what is shown of one, what differs between two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from quire.cli.lookup import require_existing_store
from quire.cli.output import clean, heading, one_line, print_pairs, print_table
from quire.cli.words import age, moment, plural
from quire.domain.datasets import DatasetVersion, EvaluationDataset
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.store.base import Store

if TYPE_CHECKING:
    from rich.console import Console

    from quire.datasets import Dataset, DatasetDiff, Record

_VERSIONS = 20


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset without its records, as ``--json`` prints it; times in milliseconds."""

    dataset_id: str
    name: str
    digest: str
    records: int | None
    created_time: int
    last_update_time: int
    created_by: str | None
    tags: dict[str, str]
    experiment_ids: list[str]

    @classmethod
    def of(cls, item: EvaluationDataset) -> DatasetView:
        """The view of a dataset."""
        profile = msgspec.json.decode(item.profile) if item.profile else {}
        return cls(
            dataset_id=item.dataset_id,
            name=item.name,
            digest=item.digest,
            records=profile.get("num_records"),
            created_time=item.created_time,
            last_update_time=item.last_update_time,
            created_by=item.created_by,
            tags={key: value for key, value in item.tags.items() if not key.startswith("mlflow.")},
            experiment_ids=item.experiment_ids,
        )


class DatasetPage(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset with its versions, newest first, and some of its records."""

    dataset: DatasetView
    schema: dict[str, Any]
    versions: list[DatasetVersion]
    records: list[dict[str, Any]]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset after an import."""

    name: str
    version: int | None
    records: int
    digest: str


def show(console: Console, found: Sequence[EvaluationDataset], *, more: bool) -> None:
    """Print a table of datasets."""
    if not found:
        console.print("No datasets match.")
        return
    now = now_ms()
    views = [DatasetView.of(item) for item in found]
    columns = [("id", "id"), ("name", "word"), ("records", "number"), ("digest", "id"), ("changed", "word")]
    rows = [
        [view.dataset_id, view.name, view.records, view.digest[:12], age(view.last_update_time, now)] for view in views
    ]
    print_table(console, columns, rows)  # type: ignore[arg-type]
    if more:
        console.print("There are more: --limit.")


def read(store: Store, text: str, count: int) -> DatasetPage:
    """What is shown of the dataset, or version, that is named. It names no version."""
    from quire.datasets.finding import find
    from quire.datasets.stored import StoredDataset
    from quire.datasets.uris import parse_dataset

    ref = parse_dataset(text)
    stored = find(store, ref)
    kept = store.keeps_dataset_versions
    versions = store.search_dataset_versions(stored.dataset_id, max_results=_VERSIONS).to_list() if kept else []
    version = None
    if ref.version is not None or ref.digest is not None:
        from quire.datasets.finding import version_of

        version = version_of(store, stored, ref)
    schema = stored.schema if version is None else version.schema
    records = islice(StoredDataset(store, stored, version), count)
    return DatasetPage(
        dataset=DatasetView.of(stored),
        schema=msgspec.json.decode(schema) if schema else {},
        versions=versions,
        records=[_shown(record) for record in records],
    )


def _shown(record: Record) -> dict[str, Any]:
    fields = msgspec.structs.asdict(record)
    return {name: value for name, value in fields.items() if value is not None and value != {}}


def show_page(console: Console, page: DatasetPage) -> None:
    """Print all of one dataset."""
    view = page.dataset
    pairs = [("name", view.name), ("id", view.dataset_id), ("digest", view.digest)]
    pairs += [("records", "-" if view.records is None else f"{view.records:,}")]
    pairs += [("created", moment(view.created_time)), ("changed", moment(view.last_update_time))]
    pairs += [(f"tag {key}", value) for key, value in view.tags.items()]
    print_pairs(console, pairs)
    _show_schema(console, page.schema)
    if page.versions:
        heading(console, "Versions")
        rows = [[item.version, item.records, item.digest, moment(item.created_time)] for item in page.versions]
        columns = [("version", "number"), ("records", "number"), ("digest", "id"), ("named", "word")]
        print_table(console, columns, rows)  # type: ignore[arg-type]
    if page.records:
        heading(console, "Records")
        for record in page.records:
            console.print(_line(record), soft_wrap=True)


def _show_schema(console: Console, schema: dict[str, Any]) -> None:
    parts = [(part, schema.get(part)) for part in ("inputs", "expectations", "outputs")]
    rows = [
        [part, name, kind]
        for part, fields in parts
        for name, kind in (fields.items() if isinstance(fields, dict) else [("", fields)] if fields else [])
    ]
    if rows:
        heading(console, "Fields")
        print_table(console, [("part", "word"), ("field", "word"), ("type", "word")], rows)


def _line(record: Any) -> str:
    kept = {name: value for name, value in record.items() if name != "record_id"}
    return one_line(msgspec.json.encode(kept).decode(), 400)


def fields(texts: Sequence[str] | None) -> dict[str, str] | None:
    """Field to column, of texts such as ``question`` and ``question=Question text``."""
    if not texts:
        return None
    pairs = [text.partition("=") for text in texts]
    return {field: column or field for field, _mark, column in pairs}


def shares(text: str | None) -> dict[str, float] | None:
    """Shares by split, of a text such as ``dev=0.5,test=0.5``. Raises InvalidInput."""
    if text is None:
        return None
    made: dict[str, float] = {}
    for part in text.split(","):
        name, mark, share = part.partition("=")
        try:
            made[name.strip()] = float(share)
        except ValueError:
            mark = ""
        if not mark:
            raise InvalidInput(f"The splits are {text!r}; expected NAME=SHARE,..., such as dev=0.5,test=0.5.") from None
    return made


def import_file(name: str, file: str, *, merge: bool, **how: Any) -> Imported:
    """Make a dataset of a file, or add to the one of the name."""
    from quire import datasets
    from quire.datasets.finding import named
    from quire.datasets.rows import looks_like_file
    from quire.domain.errors import NotFound
    from quire.store.current import current_store

    if not looks_like_file(file):
        raise NotFound(f"The input file {file!r} does not exist; expected a .jsonl, .csv, .tsv or .parquet file.")
    there = merge and bool(named(current_store(), name))
    made = (datasets.merge if there else datasets.create)(name, file, **how)
    return Imported(name=name, version=made.version, records=len(made), digest=made.digest)


def opened(text: str) -> Dataset:
    """The dataset, the version or the file that is named."""
    from quire import datasets
    from quire.datasets.rows import looks_like_file

    if not looks_like_file(text):
        require_existing_store()
    return datasets.open(text)


def show_diff(console: Console, difference: DatasetDiff) -> None:
    """Print counts, then the first records of each kind."""
    kinds = [(plural(getattr(difference, kind), "record"), kind) for kind in ("added", "removed", "changed", "same")]
    console.print(", ".join(f"{count} {kind}" for count, kind in kinds), soft_wrap=True)
    for sign, records in (("+", difference.added_records), ("-", difference.removed_records)):
        for record in records:
            console.print(f"{sign} {_line(_shown(record))}", soft_wrap=True)
    for item in difference.changed_records:
        console.print(f"~ {one_line(msgspec.json.encode(item.inputs).decode())}", soft_wrap=True)
        for sign, values in (("-", item.before), ("+", item.after)):
            console.print(f"    {sign} {clean(one_line(msgspec.json.encode(values).decode(), 400))}", soft_wrap=True)
