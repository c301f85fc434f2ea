"""What a kind of database does its own way, so that everything else of the store is written once.

Here: its connections, its errors, what it needs before the first table. In its :class:`Session`: how statements, lists
and many rows reach its driver, how a transaction begins and ends.
"""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa

from quire.domain.errors import QuireError
from quire.store.sql.failures import InDoubt
from quire.store.sql.session import Session
from quire.store.watching import Watch


class Dialect(Protocol):
    """A kind of database, and the place of one of that kind."""

    place: str
    """How messages name it, without credentials: ``The database …``."""
    uri: str
    """Its tracking URI, without credentials."""
    one_writer: bool
    """Whether writers of this process take turns before they reach the database."""
    unites: bool
    """Whether a session sends queries about the same ids as one statement."""
    one_connection: bool
    """Whether all threads share one connection, so that readers take turns too."""

    def create_engine(self) -> sa.Engine:
        """The pool of connections."""

    def session(self, connection: sa.Connection) -> Session:
        """A transaction over ``connection``, not yet begun."""

    def watch(self) -> Watch | None:
        """A watch on the database; None if nobody else can change it."""

    def prepare(self, engine: sa.Engine) -> None:
        """What has to be done before the first table is made."""

    def explain(self, error: BaseException) -> QuireError | None:
        """The error that a failure of the database stands for; None if it is not one of the database's."""

    def is_away(self, error: BaseException) -> bool:
        """Whether the database cannot be reached just now, as while its server starts again."""

    def was_committed(self, session: Session, doubt: InDoubt) -> bool | None:
        """What became of a transaction whose commit was not answered; None while it is still going on."""
