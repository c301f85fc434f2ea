"""Making datasets that a store keeps, adding to them, and deleting them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from quire.datasets.checking import fitting
from quire.datasets.columns import Columns, Names
from quire.datasets.dataset import Dataset
from quire.datasets.finding import find, named, resolved, version_of
from quire.datasets.record import Record, new_record
from quire.datasets.rows import Placed, placed_records
from quire.datasets.stored import StoredDataset
from quire.datasets.uris import DatasetRef, parse_dataset
from quire.domain.dataset_schema import RecordSchema
from quire.domain.dataset_splits import SPLIT_TAG, check_shares, split_of
from quire.domain.datasets import (
    MAX_RECORD,
    USER_TAG,
    DatasetVersion,
    EvaluationDataset,
    NewRecord,
    check_dataset_name,
)
from quire.domain.errors import AlreadyExists, InvalidInput
from quire.store.base import Store
from quire.store.current import current_store
from quire.tracking.experiments import current_experiment_id
from quire.tracking.origin import user

Progress = Callable[[int], None]
_MOST_AT_ONCE = 2000
_BYTES_AT_ONCE = 4 * 1024 * 1024


def create(
    name: str,
    records: Any = (),
    *,
    inputs: Names | None = None,
    expectations: Names | None = None,
    outputs: Names | None = None,
    group: str | None = None,
    tags: Names | None = None,
    split: str | None = None,
    splits: Mapping[str, float] | None = None,
    seed: int = 0,
    dataset_tags: Mapping[str, Any] | None = None,
    experiment_ids: Sequence[str] | None = None,
    check_schema: bool = True,
    progress: Progress = lambda _: None,
) -> Dataset:
    """Make a dataset of the current store, with its first version.

    ``records`` is whatever :func:`quire.datasets.open` takes, or a generator, and is read in a stream; names of columns
    say the same. Records of the same inputs are merged, as MLflow does: the later outputs count, expectations and tags
    are joined by key. ``splits`` gives each record a split at random (see :func:`quire.datasets.split`), ``split`` is a
    column that names it. It is seen in the active experiment unless others are given; ``progress`` is told how many
    records are stored. All or nothing: when a record is refused, no dataset is left. Raises AlreadyExists for a name
    that is taken, and what ``open`` does.
    """
    columns = Columns(inputs=inputs, expectations=expectations, outputs=outputs, group=group, tags=tags, split=split)
    shares = None if splits is None else check_shares(splits)
    store = current_store()
    check_dataset_name(name)
    if taken := named(store, name):
        raise AlreadyExists(
            f"There is a dataset {name!r} already ({taken[0].dataset_id}). Add to it with quire.datasets.merge, delete "
            "it with quire.datasets.delete, or choose another name."
        )
    found = _first(_placed(records, columns, check_schema, None))
    made = store.create_dataset(
        name,
        experiment_ids=[current_experiment_id()] if experiment_ids is None else list(experiment_ids),
        tags={USER_TAG: user(), **{key: str(value) for key, value in (dataset_tags or {}).items()}},
    )
    try:
        _put(store, made, _with_splits(found, shares, seed), progress)
    except BaseException:
        store.delete_dataset(made.dataset_id)
        raise
    return _loaded(store, made.dataset_id)


def merge(
    name: str,
    records: Any,
    *,
    inputs: Names | None = None,
    expectations: Names | None = None,
    outputs: Names | None = None,
    group: str | None = None,
    tags: Names | None = None,
    split: str | None = None,
    splits: Mapping[str, float] | None = None,
    seed: int = 0,
    check_schema: bool = True,
    progress: Progress = lambda _: None,
) -> Dataset:
    """Add records to a dataset, or change those whose inputs are there; the dataset as it then is, a new version.

    Takes what :func:`create` takes. Records that were stored before one is refused stay: repeating the call with the
    mistake mended stores the rest and changes nothing else.
    """
    columns = Columns(inputs=inputs, expectations=expectations, outputs=outputs, group=group, tags=tags, split=split)
    shares = None if splits is None else check_shares(splits)
    store = current_store()
    stored = find(store, _without_version(name))
    found = _placed(records, columns, check_schema, stored.schema)
    _put(store, stored, _with_splits(found, shares, seed), progress)
    return _loaded(store, stored.dataset_id)


def add_traces(store: Store, dataset_id: str, trace_ids: Sequence[str]) -> DatasetVersion | None:
    """Add the records of traces to a dataset of ``store``, by its id, as :func:`merge` does; its version then.

    Nothing is stored if one of the traces is no record. Raises NotFound for a trace or a dataset that there is not.
    """
    stored = store.get_dataset(dataset_id)
    found = placed_records(list(trace_ids), Columns(), lambda: store)
    _put(store, stored, iter(list(fitting(found, RecordSchema(stored.schema)))), lambda _: None)
    now = store.get_dataset(dataset_id)
    return version_of(store, now, DatasetRef(dataset_id=dataset_id))


def delete(name: str) -> None:
    """Delete a dataset, by name or id, with its records and all its versions. NotFound if there is none."""
    store = current_store()
    store.delete_dataset(find(store, _without_version(name)).dataset_id)


def _without_version(name: str) -> DatasetRef:
    ref = parse_dataset(name)
    if ref.version is not None or ref.digest is not None:
        raise InvalidInput(f"{name!r} names a version, which never changes. Name the dataset.")
    return ref


def _loaded(store: Store, dataset_id: str) -> Dataset:
    stored = store.get_dataset(dataset_id)
    return StoredDataset(store, stored, version_of(store, stored, DatasetRef(dataset_id=dataset_id)))


def _placed(records: Any, columns: Columns, check: bool, schema: str | None) -> Placed:
    found = placed_records(resolved(records), columns, current_store)
    return fitting(found, RecordSchema(schema) if check else None)


def _first(records: Placed) -> Placed:
    """The same records, the first of them read, so that what is wrong with all of them shows at once."""
    first = next(records, None)
    return iter(()) if first is None else chain([first], records)


def _with_splits(records: Placed, shares: Mapping[str, float] | None, seed: int) -> Placed:
    if shares is None:
        return records
    return ((place, _in_split(record, shares, seed)) for place, record in records)


def _in_split(record: Record, shares: Mapping[str, float], seed: int) -> Record:
    name = split_of(record.group or record.record_id, shares, seed)
    return msgspec.structs.replace(record, tags={**record.tags, SPLIT_TAG: name})


def _put(store: Store, dataset: EvaluationDataset, records: Placed, progress: Progress) -> None:
    done = 0
    for chunk in _chunks(records):
        store.upsert_records(dataset.dataset_id, chunk)
        done += len(chunk)
        progress(done)


def _chunks(records: Placed) -> Iterator[list[NewRecord]]:
    """Records in lists that a request takes, each record checked for its size."""
    chunk: list[NewRecord] = []
    held = 0
    for place, record in records:
        made = new_record(record)
        size = _size(place, made)
        if chunk and (held + size > _BYTES_AT_ONCE or len(chunk) >= _MOST_AT_ONCE):
            yield chunk
            chunk, held = [], 0
        chunk.append(made)
        held += size
    if chunk:
        yield chunk


def _size(place: str, record: NewRecord) -> int:
    try:
        size = len(msgspec.json.encode(record))
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{place} holds half of a surrogate pair, which nothing can store: {error}.") from None
    if size > MAX_RECORD:
        raise InvalidInput(
            f"{place} has {size:,} bytes; at most {MAX_RECORD:,} are allowed. Keep large content in a file, and its "
            "place in the record."
        )
    return size
