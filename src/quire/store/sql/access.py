"""What a server keeps of its users, in the database of what they track."""

from __future__ import annotations

from quire.store.sql import access_tables as _tables  # noqa: F401 - so that a new database has them
from quire.store.sql.access_tokens import SqlTokens
from quire.store.sql.audit import SqlAudit
from quire.store.sql.permissions import SqlPermissions
from quire.store.sql.statement import Statement
from quire.store.sql.users import SqlUsers

_OF_RUN = Statement("SELECT experiment_id FROM runs WHERE run_id = :id")
_OF_LOGGED_MODEL = Statement("SELECT experiment_id FROM logged_models WHERE model_id = :id")
_OF_TRACE = Statement("SELECT experiment_id FROM traces WHERE trace_id = :id")
_DATASET = Statement("SELECT id FROM evaluation_datasets WHERE dataset_id = :id")
_OF_DATASET = Statement("SELECT experiment_id FROM evaluation_dataset_experiments WHERE dataset_id = :id")


class SqlAccess(SqlUsers, SqlPermissions, SqlTokens, SqlAudit):
    """Users, permissions, tokens, the audit log, and which experiment things belong to."""

    def experiment_of_run(self, run_id: str) -> str | None:
        """The experiment of a run."""
        return self._experiment(_OF_RUN, run_id)

    def experiment_of_logged_model(self, model_id: str) -> str | None:
        """The experiment of a logged model, deleted or not."""
        return self._experiment(_OF_LOGGED_MODEL, model_id)

    def experiment_of_trace(self, trace_id: str) -> str | None:
        """The experiment of a trace."""
        return self._experiment(_OF_TRACE, trace_id)

    def experiments_of_dataset(self, dataset_id: str) -> list[str] | None:
        """The experiments that an evaluation dataset is used in; None if it does not exist."""
        if "\0" in dataset_id:
            return None
        with self._database.read() as session:
            row = session.row(_DATASET, (dataset_id,))
            return None if row is None else [str(number) for (number,) in session.rows(_OF_DATASET, (row[0],))]

    def _experiment(self, find: Statement, text: str) -> str | None:
        if "\0" in text:
            return None
        with self._database.read() as session:
            row = session.row(find, (text,))
            return None if row is None else str(row[0])
