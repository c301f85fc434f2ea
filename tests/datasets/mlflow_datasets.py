"""Run by an interpreter with MLflow: reads a dataset by its name, adds to it, makes one, and says what it found."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.genai import datasets

theirs, ours = sys.argv[1:]
found = datasets.get_dataset(name=theirs)
frame = found.to_df()
read = sorted([row.inputs["q"], row.expectations, row.tags.get("split")] for row in frame.itertuples())
columns = [name for name in ("inputs", "outputs", "expectations", "dataset_record_id") if name in frame.columns]
found.merge_records([{"inputs": {"q": 2}, "expectations": {"a": "changed"}}, {"inputs": {"q": 9}}])
found.delete_records([row.dataset_record_id for row in found.to_df().itertuples() if row.inputs["q"] == 1])
made = datasets.create_dataset(name=ours, tags={"team": "red"})
made.merge_records(
    [{"inputs": {"q": "x"}, "outputs": {"o": 1}, "expectations": {"a": [1, None]}, "tags": {"split": "dev"}}]
)
print(
    "ANSWERS "
    + json.dumps({"read": read, "columns": columns, "listed": [item.name for item in mlflow.genai.search_datasets()]})
)
