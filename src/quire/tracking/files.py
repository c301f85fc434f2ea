"""Logging artifact files to the active run, and fetching them.

Each function that logs starts a run if none is active, unless it is given a ``run_id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from quire.domain.paths import checked_path
from quire.domain.uris import join_uri
from quire.tracking.client import Client
from quire.tracking.experiments import current_experiment_id
from quire.tracking.runs import run_to_log_to

if TYPE_CHECKING:
    import pandas as pd

PathLike = str | Path


def log_artifact(local_path: PathLike, artifact_path: PathLike | None = None, run_id: str | None = None) -> None:
    """Store a local file, or a folder under its own name, in the folder ``artifact_path`` of the artifacts."""
    client, run_id = _target(run_id)
    client.log_artifact(run_id, local_path, artifact_path)


def log_artifacts(local_dir: PathLike, artifact_path: PathLike | None = None, run_id: str | None = None) -> None:
    """Store what is in a local folder in the folder ``artifact_path`` of the artifacts."""
    client, run_id = _target(run_id)
    client.log_artifacts(run_id, local_dir, artifact_path)


def log_text(text: str, artifact_file: PathLike, run_id: str | None = None) -> None:
    """Store text as the file ``artifact_file``, in UTF-8."""
    client, run_id = _target(run_id)
    client.log_text(run_id, text, artifact_file)


def log_dict(dictionary: Any, artifact_file: PathLike, run_id: str | None = None) -> None:
    """Store a JSON-like value: as YAML if the file's name ends in .yaml or .yml, else as JSON."""
    client, run_id = _target(run_id)
    client.log_dict(run_id, dictionary, artifact_file)


def log_stream(stream: IO[bytes], artifact_file: PathLike, run_id: str | None = None) -> None:
    """Store what is left in a binary stream."""
    client, run_id = _target(run_id)
    client.log_stream(run_id, stream, artifact_file)


def log_table(data: Any, artifact_file: PathLike, run_id: str | None = None) -> None:
    """Store a table as ``artifact_file`` (.json or .parquet); rows are added if it exists.

    ``data`` is a dictionary of columns, a list of rows or a dataframe.
    """
    client, run_id = _target(run_id)
    client.log_table(run_id, data, artifact_file)


def log_figure(figure: Any, artifact_file: PathLike, *, save_kwargs: dict[str, Any] | None = None) -> None:
    """Store a matplotlib or plotly figure."""
    client, run_id = _target(None)
    client.log_figure(run_id, figure, artifact_file, save_kwargs=save_kwargs)


def log_image(
    image: Any,
    artifact_file: PathLike | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
) -> None:
    """Store a picture: as ``artifact_file``, or as one of a series under ``key`` at a step and time (ms)."""
    client, run_id = _target(None)
    client.log_image(run_id, image, artifact_file, key, step, timestamp)


def load_table(
    artifact_file: PathLike, run_ids: Sequence[str] | None = None, extra_columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """The rows of one table of many runs (of the active experiment by default) as a pandas dataframe."""
    return Client().load_table(current_experiment_id(), artifact_file, run_ids, extra_columns)


def get_artifact_uri(artifact_path: PathLike | None = None) -> str:
    """The URI of the active run's artifacts, or of one of them."""
    root = run_to_log_to().run.info.artifact_uri
    return join_uri(root, checked_path(str(artifact_path))) if artifact_path else root


def _target(run_id: str | None) -> tuple[Client, str]:
    if run_id is not None:
        return Client(), run_id
    run = run_to_log_to()
    return Client(run.uri), run.run_id
