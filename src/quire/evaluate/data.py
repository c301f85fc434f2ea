"""The records that are evaluated: opened from whatever a user gives, looked at before anything is paid, read twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from quire.domain.entities import Dataset
from quire.domain.errors import InvalidInput, SchemaError
from quire.evaluate.plan import Placed
from quire.evaluate.runs import DatasetInfo
from quire.evaluate.table import Records
from quire.evaluate.variants import FunctionVariant, ModelVariant, PromptVariant, Variant

_LOOKED_AT = 20


class Data:
    """Records, read anew for each pass over them.

    Raises InvalidInput for data without records, or that gives others when it is read again.
    """

    def __init__(self, given: Any) -> None:
        from quire.datasets import open as open_dataset

        self._dataset = open_dataset(given)
        self.records = Records()
        self._complete = False

    @property
    def length(self) -> int:
        """How many records there are."""
        return len(self._dataset)

    def look(self) -> list[Any]:
        """The first records. Raises InvalidInput if there are none."""
        first = list(itertools.islice(iter(self._dataset), _LOOKED_AT))
        if not first:
            raise InvalidInput("The data has no records; expected at least one. Check the filter or file it came from.")
        return first

    def placed(self) -> Iterator[Placed]:
        """The records in their order, with the positions that they keep."""
        again, count = self._complete, 0
        for index, example in enumerate(self._dataset):
            count += 1
            if not again:
                self.records.put(index, example.record_id, example.group)
            elif self.records.ids[index : index + 1] != [example.record_id]:
                raise self._changed()
            yield Placed(index, example)
        if again and count != len(self.records):
            raise self._changed()
        self._complete = True

    def _changed(self) -> InvalidInput:
        return InvalidInput(
            "The data gave other records when it was read again. Evaluate data that stays as it is: a list, a file "
            "that nobody writes to, or a version of a named dataset."
        )

    @property
    def info(self) -> DatasetInfo:
        """What is kept of the data."""
        version = self._dataset.version
        return DatasetInfo(
            name=self._dataset.name or "data",
            digest=self._dataset.digest,
            version=None if version is None else str(version),
            records=len(self._dataset),
        )

    def entity(self) -> Dataset:
        """The description that runs keep."""
        return self._dataset.to_entity()


def check_fit(variants: Sequence[Variant], first: Sequence[Any]) -> None:
    """Refuse variants that none of the first records fits, before anything is sent.

    Raises SchemaError (a column that a model needs is missing) or InvalidInput.
    """
    for variant in variants:
        if isinstance(variant, ModelVariant | PromptVariant):
            _check_calls(variant, first)
        elif isinstance(variant, FunctionVariant):
            from quire.evaluate.functions import arguments_of, parameters_of

            arguments_of(variant.function, parameters_of(variant.function), first[0].inputs)
        elif all(example.outputs is None for example in first):
            raise InvalidInput(
                f"The variant {variant.described.name!r} is None, so the data must hold outputs; its first "
                f"{len(first)} records have none. Give a model or a function, or records with `outputs`."
            )


def _check_calls(variant: ModelVariant | PromptVariant, first: Sequence[Any]) -> None:
    failed: SchemaError | None = None
    for index, example in enumerate(first):
        try:
            variant.call(index, example.inputs, 0, (index,))
        except SchemaError as error:
            failed = failed or error
        else:
            return
    assert failed is not None
    raise SchemaError(f"The variant {variant.described.name!r} cannot be asked. {failed.message}")
