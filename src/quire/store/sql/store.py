"""The store over a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.errors import NotFound
from quire.store.expecting import expect_answer
from quire.store.sql.access import SqlAccess
from quire.store.sql.bulk_models import SqlBulkModels
from quire.store.sql.changes import SqlChanges
from quire.store.sql.comments import SqlComments
from quire.store.sql.database import Database
from quire.store.sql.dialect import Dialect
from quire.store.sql.evaluation_versions import SqlDatasets
from quire.store.sql.keys import Keys
from quire.store.sql.run_table import SqlRunTable
from quire.store.sql.schema import ensure_schema
from quire.store.sql.serving import SqlServing
from quire.store.sql.session import Session
from quire.store.sql.trace_views import SqlTraceViews
from quire.store.watching import Watch

T = TypeVar("T")


class Outcome(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What became of one call out of several: its value, or the error that it raised."""

    value: T | None = None
    error: Exception | None = None

    def result(self) -> T:
        """The value. Raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


class SqlStore(SqlDatasets):
    """Everything that tracking and the registry keep, in a SQL database.

    Each part of the interface is a class of its own, one above the other: experiments, runs, batches, inputs, logged
    models, versions, registered models, run search, traces, spans, assessments, trace search, evaluation datasets.
    Users and what they changed are apart, in ``access``; what serving keeps is in ``serving``, comments are in
    ``comments``, what imports do is in ``bulk``, runs as a table in ``run_table``, what is shown of traces in
    ``trace_views``.
    """

    def __init__(self, dialect: Dialect, artifact_root: str) -> None:
        database = Database(dialect)
        super().__init__(database, Keys(), artifact_root)
        self.access = SqlAccess(database, self._keys, artifact_root)
        self.serving = SqlServing(database, self._keys, artifact_root)
        self.changes = SqlChanges(database, self._keys, artifact_root)
        self.comments = SqlComments(database, self._keys, artifact_root)
        self.trace_views = SqlTraceViews(database, self._keys, artifact_root)
        self.bulk = SqlBulkModels(database, self._keys, artifact_root)
        self.run_table = SqlRunTable(database, self._keys, artifact_root)
        try:
            ensure_schema(database, artifact_root)
        except BaseException:
            database.close()
            raise

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """Add an assessment to a trace, which may be that of an answer and still on its way.

        Feedback on an answer of a trial is counted there, if the trial looks at it.
        """
        try:
            return super().create_assessment(assessment)
        except NotFound:
            if not self._expect(assessment.trace_id):
                raise
            return super().create_assessment(assessment)

    def _expect(self, trace_id: str) -> bool:
        """Make the trace of an answer known whose spans are not here yet; False if no answer has that trace."""
        try:
            answer = self.serving.get_served(trace_id)
        except NotFound:
            return False
        return answer.trace_id == trace_id and expect_answer(self, self.serving, trace_id, answer)

    def _assessed(self, session: Session, assessment: Assessment) -> None:
        self.serving.count_assessment(session, assessment)

    @property
    def uri(self) -> str:
        """The store's tracking URI, without credentials."""
        return self._database.dialect.uri

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several calls of this thread durable at once, with one commit when the block ends.

        Each call stays all or nothing: one that raises is undone alone, and if its error is caught the others are
        kept. Nothing is durable, or seen by other threads, before the block ends.
        """
        with self._database.write():
            yield

    def together(self, calls: Sequence[Callable[[], T]]) -> list[Outcome[T]]:
        """Run calls of this store in this thread, in order, and make them durable with one commit.

        A call that raises is undone alone: its outcome holds the error, and the others are not hurt. A commit costs
        about as much for many calls as for one, so a server that collects what arrives meanwhile serves more. Tell
        nobody an outcome before this returns: only then is it durable. Raises Unavailable if nothing could be
        stored, whatever the calls did.
        """
        with self.transaction():
            return [self._outcome(call) for call in calls]

    def together_now(self, calls: Sequence[Callable[[], T]]) -> list[Outcome[T]] | None:
        """Run calls as :meth:`together` does, for a caller that cannot wait.

        None, and nothing is done, if somebody else writes now.
        """
        with self._database.write_now() as session:
            return None if session is None else [self._outcome(call) for call in calls]

    def looked_at_together(self, calls: Sequence[Callable[[], T]]) -> list[Outcome[T]]:
        """Run calls of this store that only read, in this thread and in order, in one consistent view.

        It is of a moment after this was called. One that raises does not hurt the others: its outcome holds the error.
        """
        with self._database.view():
            return [self._look(call) for call in calls]

    def _look(self, call: Callable[[], T]) -> Outcome[T]:
        try:
            with self._database.explained():
                return Outcome(value=call())
        except Exception as error:
            return Outcome(error=error)

    def _outcome(self, call: Callable[[], T]) -> Outcome[T]:
        try:
            with self._database.part():
                return Outcome(value=call())
        except Exception as error:
            return Outcome(error=error)

    def watch(self) -> Watch | None:
        """A watch on the database, for who wants to know that anybody changed it; None if nobody else can."""
        return self._database.dialect.watch()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._database.closed

    def close(self) -> None:
        """Release connections; the store is not used afterwards."""
        self._database.close()

    def after_fork(self) -> None:
        """In the child of a fork: leave the parent's connections alone."""
        self._database.after_fork()
