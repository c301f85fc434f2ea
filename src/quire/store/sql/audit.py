"""The audit log in SQL: entries are added, and a trigger of the database keeps them as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from quire.domain.access import AuditEntry
from quire.domain.ids import now_ms
from quire.domain.names import check_page_size
from quire.domain.paging import Page
from quire.domain.redaction import redact
from quire.store.access import Change
from quire.store.sql.access_tables import audit_log
from quire.store.sql.base import SqlPart
from quire.store.sql.listing import Listing
from quire.store.sql.statement import Statement

T = TypeVar("T")
MAX_PAGE = 1000
_ADD = Statement(
    """INSERT INTO audit_log (time, username, token_id, address, action, route, entity, before, after, request_id)
    VALUES (:time, :username, :token, :address, :action, :route, :entity, :before, :after, :request)"""
)


class SqlAudit(SqlPart):
    """The part of a store that keeps the audit log."""

    def append_change(self, change: Change) -> None:
        """Add an entry."""
        with self._database.write() as session:
            session.run(
                _ADD,
                (
                    now_ms(),
                    change.username,
                    change.token_id,
                    change.address,
                    change.action,
                    change.route,
                    _kept(change.entity),
                    _kept(change.before),
                    _kept(change.after),
                    change.request_id,
                ),
            )

    def search_audit(
        self,
        *,
        username: str | None = None,
        action: str | None = None,
        entity: str | None = None,
        since: int | None = None,
        until: int | None = None,
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[AuditEntry]:
        """Entries that match all that is given, newest first. ``since`` is included, ``until`` is not."""
        check_page_size(max_results, MAX_PAGE)
        columns = audit_log.c
        listing = Listing(audit_log, "audit", [username, action, entity, since, until])
        for column, wanted in ((columns.username, username), (columns.action, action), (columns.entity, entity)):
            if wanted is not None:
                listing.where(column == wanted.replace("\0", ""))
        if since is not None:
            listing.where(columns.time >= since)
        if until is not None:
            listing.where(columns.time < until)
        listing.tie(columns.id, ascending=False)
        with self._database.read() as session:
            page = listing.page(session, max_results, page_token)
            return Page([_entry(row) for row in page], page.token)

    def all_or_nothing(self, call: Callable[[], T]) -> T:
        """What ``call`` gives; what it does to this store and to the tracking store beside it is one change."""
        with self._database.write():
            return call()


def _kept(text: str | None) -> Any:
    return None if text is None else redact(text).replace("\0", "")


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    return AuditEntry(
        entry_id=row[0],
        time=row[1],
        username=row[2],
        token_id=row[3],
        address=row[4],
        action=row[5],
        route=row[6],
        entity=row[7],
        before=row[8],
        after=row[9],
        request_id=row[10],
    )
