"""Recording the datasets and models that a run read, and the models it made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from quire.domain.entities import Dataset, DatasetInput, ModelInput, ModelOutput, Tag
from quire.domain.errors import InvalidInput
from quire.tracking import context
from quire.tracking.runs import run_to_log_to
from quire.tracking.values import tags as to_tags

DATASET_CONTEXT = "mlflow.data.context"


@runtime_checkable
class DescribedDataset(Protocol):
    """Data that can describe itself, such as what :mod:`quire.data` makes."""

    def to_entity(self) -> Dataset:
        """The description that is stored."""


AnyDataset = DescribedDataset | Dataset


def dataset_entity(dataset: object) -> Dataset:
    """The stored description of a dataset. Raises InvalidInput for something that has none."""
    if isinstance(dataset, Dataset):
        return dataset
    if isinstance(dataset, DescribedDataset):
        return dataset.to_entity()
    raise InvalidInput(
        f"{type(dataset).__name__} is not a dataset. Make one with quire.data.from_pandas, from_polars, from_dict or "
        "from_jsonl."
    )


def log_input(
    dataset: AnyDataset | None = None,
    context: str | None = None,
    tags: dict[str, str] | None = None,
    model: ModelInput | None = None,
) -> None:
    """Record that the active run read a dataset, in a context such as ``"training"``, or a logged model."""
    if dataset is None and (context or tags):
        raise InvalidInput("`context` and `tags` describe a dataset, and `dataset` is not given.")
    run = run_to_log_to()
    datasets = [_dataset_input(dataset, context, tags)] if dataset is not None else []
    run.store.log_inputs(run.run_id, datasets=datasets, models=[model] if model else [])


def log_inputs(
    datasets: Sequence[AnyDataset | None] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[dict[str, str] | None] | None = None,
    models: Sequence[ModelInput | None] | None = None,
) -> None:
    """Record that the active run read these datasets and models; the first three lists go together."""
    datasets, contexts, tags_list = datasets or [], contexts or [], tags_list or []
    if not len(datasets) == len(contexts) == len(tags_list):
        raise InvalidInput(
            f"`datasets`, `contexts` and `tags_list` go together and must be equally long, not {len(datasets)}, "
            f"{len(contexts)} and {len(tags_list)}. Use None where there is nothing to say."
        )
    run = run_to_log_to()
    inputs = [
        _dataset_input(dataset, purpose, tags)
        for dataset, purpose, tags in zip(datasets, contexts, tags_list, strict=True)
        if dataset is not None
    ]
    run.store.log_inputs(run.run_id, datasets=inputs, models=[model for model in models or () if model])


def log_outputs(models: Sequence[ModelOutput] | None = None) -> None:
    """Record the logged models that the active run made; its later metrics at their step belong to them."""
    run = run_to_log_to()
    record_outputs(run.run_id, list(models or ()), run)


def record_outputs(run_id: str, models: list[ModelOutput], run: context.OpenRun) -> None:
    """Store a run's outputs, and remember them for the metrics that follow."""
    run.store.log_outputs(run_id, models)
    context.note_outputs(run_id, models)


def _dataset_input(dataset: AnyDataset, purpose: str | None, tags: dict[str, Any] | None) -> DatasetInput:
    labels = to_tags(tags)
    if purpose:
        labels.append(Tag(DATASET_CONTEXT, purpose))
    return DatasetInput(dataset=dataset_entity(dataset), tag_list=labels)
