"""Finding datasets that a store keeps: by name, id, URI, version or digest; opening others where they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from quire.datasets.columns import Columns, Names
from quire.datasets.dataset import Dataset
from quire.datasets.opened import OpenedDataset
from quire.datasets.rows import looks_like_file
from quire.datasets.stored import StoredDataset
from quire.datasets.uris import SCHEME, DatasetRef, parse_dataset
from quire.domain.datasets import DatasetVersion, EvaluationDataset
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied
from quire.store.base import Store
from quire.store.current import current_store
from quire.tracking.evaluation_dataset import EvaluationDataset as Handle
from quire.tracking.experiments import collect

_SHOWN = 10


def load(name: str, version: int | str | None = None, split: str | None = None) -> Dataset:
    """A dataset of the current store: by name, id (``d-...``) or ``datasets:/NAME/VERSION``.

    ``version`` is a number or a digest (8 digits of it are enough); without one, the dataset as it is now becomes a
    version, unless it is one already, so that what is read does not change and can be loaded again. A server that
    speaks MLflow's protocol alone has no versions: there the dataset is read as it is. ``split`` leaves the records
    whose tag ``split`` says so. Raises NotFound, naming what there is; InvalidInput if several have the name.
    """
    store = current_store()
    ref = parse_dataset(name, version)
    stored = find(store, ref)
    dataset = StoredDataset(store, stored, version_of(store, stored, ref))
    return dataset if split is None else dataset.only(split)


def open(
    data: Any,
    *,
    inputs: Names | None = None,
    expectations: Names | None = None,
    outputs: Names | None = None,
    group: str | None = None,
    tags: Names | None = None,
    split: str | None = None,
    check_schema: bool = True,
) -> Dataset:
    """A dataset of anything that holds records, without storing it.

    ``data`` is a file (.jsonl, .csv, .tsv, .parquet), a dataframe or table, a list of mappings, traces or their ids, a
    dataset, or the name of one. Without names of columns, rows have ``inputs`` and perhaps ``expectations``,
    ``outputs``, ``group``, ``tags``; else ``inputs=["question"]`` or ``inputs={"question": "column"}`` says which
    columns go where. Files are read anew each time, never as a whole. Raises InvalidInput, naming the place, for a
    missing column, a value that JSON cannot hold, a field whose type changes (unless ``check_schema=False``), the same
    inputs twice with different expectations, or no record at all.
    """
    data = resolved(data)
    if isinstance(data, Dataset):
        return data
    columns = Columns(inputs=inputs, expectations=expectations, outputs=outputs, group=group, tags=tags, split=split)
    return OpenedDataset(data, columns, check_schema=check_schema, store=current_store)


def resolved(data: Any) -> Any:
    """The dataset that ``data`` is, or names; anything else as it is, a path as text."""
    if isinstance(data, Handle):
        return load(data.dataset_id, data.version)
    if isinstance(data, str) and (data.startswith(SCHEME) or not looks_like_file(data)):
        return load(data)
    return os.fspath(data) if isinstance(data, os.PathLike) else data


def search(
    filter_string: str = "",
    *,
    experiment_ids: Sequence[str] | None = None,
    order_by: Sequence[str] | None = None,
    max_results: int | None = None,
) -> list[Handle]:
    """The datasets that match, newest first, such as ``"name LIKE 'gsm8k%' AND tags.team = 'red'"``."""
    store = current_store()
    found: list[EvaluationDataset] = collect(
        lambda size, token: store.search_datasets(
            experiment_ids=list(experiment_ids or ()),
            filter_string=filter_string,
            order_by=list(order_by or ()),
            max_results=size,
            page_token=token,
        ),
        max_results,
    )
    return [Handle(item, store) for item in found]


def versions(name: str) -> list[DatasetVersion]:
    """The versions of a dataset, newest first."""
    store = current_store()
    dataset_id = find(store, parse_dataset(name)).dataset_id
    found: list[DatasetVersion] = collect(
        lambda size, token: store.search_dataset_versions(dataset_id, max_results=size, page_token=token), None
    )
    return found


def find(store: Store, ref: DatasetRef) -> EvaluationDataset:
    """The dataset that is named. Raises NotFound, or InvalidInput if several have the name."""
    if ref.dataset_id is not None:
        return store.get_dataset(ref.dataset_id)
    found = named(store, ref.name or "")
    if not found:
        raise NotFound(f"There is no dataset {ref.name!r} in {store.uri}; {_known(store)}.")
    if len(found) > 1:
        ids = ", ".join(item.dataset_id for item in found)
        raise InvalidInput(f"Several datasets are named {ref.name!r}: {ids}. Give the id of one.")
    return found[0]


def named(store: Store, name: str) -> list[EvaluationDataset]:
    """The datasets of a name, newest first, at most a few."""
    return list(store.search_datasets(filter_string=f"name = {_quoted(name)}", max_results=_SHOWN))


def _quoted(text: str) -> str:
    """A text in a filter, in quotes that MLflow's servers read too."""
    if '"' not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _known(store: Store) -> str:
    names = [item.name for item in store.search_datasets(max_results=_SHOWN + 1)]
    if not names:
        return "there are none"
    return f"there are {', '.join(map(repr, names[:_SHOWN]))}" + (", …" if len(names) > _SHOWN else "")


def version_of(store: Store, stored: EvaluationDataset, ref: DatasetRef) -> DatasetVersion | None:
    """The version that is named, else that of the present state; None where a store has none."""
    if ref.version is not None:
        return store.get_dataset_version(stored.dataset_id, ref.version)
    if ref.digest is not None:
        return _by_digest(store, stored, ref.digest)
    if not store.keeps_dataset_versions:
        return None
    return _or_newest(store, stored, lambda: store.name_version(stored.dataset_id))


def _or_newest(store: Store, stored: EvaluationDataset, name: Callable[[], DatasetVersion]) -> DatasetVersion | None:
    """A new version; for who may only read, the newest one if it has the present content."""
    try:
        return name()
    except PermissionDenied:
        newest = store.search_dataset_versions(stored.dataset_id, max_results=1)
        return newest[0] if newest and newest[0].digest == stored.digest else None


def _by_digest(store: Store, stored: EvaluationDataset, digest: str) -> DatasetVersion:
    found = store.search_dataset_versions(stored.dataset_id, digest=digest)
    if not found:
        raise NotFound(
            f"No version of the dataset {stored.name!r} has the digest {digest!r}. quire.datasets.versions("
            f"{stored.name!r}) lists them."
        )
    if len({item.digest for item in found}) > 1:
        digests = ", ".join(sorted({item.digest for item in found})[:_SHOWN])
        raise InvalidInput(f"The digests of several versions begin with {digest!r}: {digests}. Give more digits.")
    return found[0]
