"""Tables among a run's artifacts, appended to and read across runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec

from quire.artifacts import open_artifacts
from quire.domain.entities import Run, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.paths import checked_path
from quire.tracking.client.files import FileCalls
from quire.tracking.client.runs import RunCalls
from quire.tracking.frames import run_columns
from quire.tracking.tables import (
    Columns,
    appended,
    checked_table_name,
    columns_of,
    from_bytes,
    row_count,
    to_bytes,
    to_pandas,
)

if TYPE_CHECKING:
    import pandas as pd

LOGGED_ARTIFACTS = "mlflow.loggedArtifacts"
_appending = Lock()


class TableCalls(FileCalls, RunCalls):
    """What a client does with tables."""

    def log_table(self, run_id: str, data: Any, artifact_file: str | Path) -> None:
        """Store a table as ``artifact_file`` (.json or .parquet); rows are added if it exists.

        ``data`` is a dictionary of columns, a list of rows or a dataframe. Threads of this process take turns;
        two processes that append to one table at once may lose rows.
        """
        name = checked_path(checked_table_name(artifact_file))
        columns = self._with_pictures(run_id, columns_of(data), name)
        store = self._open_to_write(run_id)
        with _appending:
            if store.exists(name):
                columns = appended(from_bytes(store.get_bytes(name), name), columns)
            store.put_bytes(to_bytes(columns, name), name)
            self._note_artifact(run_id, {"path": name, "type": "table"})

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str | Path,
        run_ids: Sequence[str] | None = None,
        extra_columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The rows of one table of many runs, below one another, as a pandas dataframe.

        ``extra_columns`` adds columns of a run, such as ``run_id`` or ``metrics.accuracy``, under their name, with an
        underscore if the table has such a column. NotFound if no run has the table; MissingExtra without pandas.
        """
        name = checked_path(checked_table_name(artifact_file))
        runs = [self.get_run(run_id) for run_id in run_ids] if run_ids else self._runs_with(experiment_id, name)
        found = [self._table_of(run, name, extra_columns or ()) for run in runs if name in _tables_of(run)]
        if not found:
            raise NotFound(f"No run of experiment {experiment_id} has a table {name!r} among those asked for.")
        table: Columns = {}
        for columns in found:
            table = appended(table, columns)
        return to_pandas(table, "load_table")

    def _table_of(self, run: Run, name: str, extra: Sequence[str]) -> Columns:
        columns = from_bytes(open_artifacts(run.info.artifact_uri, self._store_uri).get_bytes(name), name)
        known = run_columns([run])
        for column in extra:
            if column not in known:
                raise InvalidInput(f"The run {run.info.run_id} has no column {column!r}. It has {', '.join(known)}.")
            columns[f"{column}_" if column in columns else column] = known[column] * row_count(columns)
        return columns

    def _runs_with(self, experiment_id: str, name: str) -> list[Run]:
        runs: list[Run] = []
        token: str | None = None
        while True:
            page = self.search_runs([experiment_id], page_token=token)
            runs.extend(run for run in page if name in _tables_of(run))
            token = page.token
            if not token:
                return runs

    def _note_artifact(self, run_id: str, entry: dict[str, str]) -> None:
        """Add an entry to the tag by which viewers know which artifacts are tables."""
        known = _logged_artifacts(self.get_run(run_id))
        if entry not in known:
            text = msgspec.json.encode([*known, entry]).decode()
            self.store.log_batch(run_id, tags=[Tag(LOGGED_ARTIFACTS, text)])

    def _with_pictures(self, run_id: str, columns: Columns, name: str) -> Columns:
        """The columns with pictures replaced by the places where they are stored."""
        from quire.tracking.pictures import store_picture_columns

        return store_picture_columns(columns, name, lambda data, path: self._put(run_id, data, path))


def _tables_of(run: Run) -> set[str]:
    return {entry["path"] for entry in _logged_artifacts(run) if entry.get("type") == "table"}


def _logged_artifacts(run: Run) -> list[dict[str, str]]:
    text = run.data.tags.get(LOGGED_ARTIFACTS, "[]")
    try:
        return msgspec.json.decode(text, type=list[dict[str, str]])
    except msgspec.MsgspecError:
        return []
