"""Endpoints in SQL: each is JSON under its name, replaced as a whole from an expected revision."""

from __future__ import annotations

import msgspec

from quire.domain.endpoint_checks import checked_endpoint
from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidState, NotFound
from quire.domain.ids import now_ms
from quire.store.sql.base import SqlPart
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_LOOK = Statement("SELECT content FROM endpoints WHERE name = :name")
_LOCK = Statement("SELECT content FROM endpoints WHERE name = :name FOR UPDATE")
_ALL = Statement("SELECT content FROM endpoints ORDER BY name")
_NAMES = Statement("SELECT name FROM endpoints ORDER BY name LIMIT 20")
_ADD = Statement("INSERT INTO endpoints (name, revision, content) VALUES (:name, :revision, :content)")
_SET = Statement("UPDATE endpoints SET revision = :revision, content = :content WHERE name = :name")
_DELETE = Statement("DELETE FROM endpoints WHERE name = :name")
_OPEN_TRIALS = Statement(
    "SELECT trial_id FROM trials WHERE subject = :subject AND state != 'ended' ORDER BY id LIMIT 5"
)
_decoder = msgspec.json.Decoder(Endpoint)


class SqlEndpoints(SqlPart):
    """The part of a store that keeps endpoints."""

    def put_endpoint(self, endpoint: Endpoint, *, expected: int | None = None) -> Endpoint:
        """Create or replace an endpoint; its revision grows, unless nothing differs.

        With ``expected`` InvalidState unless that is its revision (0: there is none).
        """
        given = checked_endpoint(endpoint)
        with self._database.write() as session:
            row = session.row(_LOCK, (given.name,))
            found = None if row is None else _decoder.decode(row[0])
            revision = 0 if found is None else found.revision
            if expected is not None and expected != revision:
                raise _elsewhere(given.name, expected, revision)
            now = now_ms()
            made = msgspec.structs.replace(
                given,
                revision=revision + 1,
                creation_time=now if found is None else found.creation_time,
                last_update_time=now,
            )
            if found is not None and _same(found, made):
                return found
            content = msgspec.json.encode(made).decode()
            if found is None:
                session.run(_ADD, (made.name, made.revision, content))
            else:
                session.run(_SET, (made.revision, content, made.name))
            return made

    def get_endpoint(self, name: str) -> Endpoint:
        """An endpoint by its name. NotFound, listing those that there are."""
        with self._database.read() as session:
            row = session.row(_LOOK, (_findable(name),))
            if row is None:
                raise _missing(session, name)
            return _decoder.decode(row[0])

    def list_endpoints(self) -> list[Endpoint]:
        """All endpoints, by name."""
        with self._database.read() as session:
            return [_decoder.decode(content) for (content,) in session.rows(_ALL)]

    def delete_endpoint(self, name: str) -> None:
        """Remove an endpoint; its trials stay. InvalidState while one of them runs."""
        with self._database.write() as session:
            session.take_turns(f"trials of endpoint:{_findable(name)}")
            if session.row(_LOCK, (_findable(name),)) is None:
                raise _missing(session, name)
            running = [row[0] for row in session.rows(_OPEN_TRIALS, (f"endpoint:{name}",))]
            if running:
                raise InvalidState(
                    f"The endpoint {name!r} is in the trial {', '.join(running)}, which has not ended. Stop the trial "
                    "first."
                )
            session.run(_DELETE, (name,))


def _same(found: Endpoint, made: Endpoint) -> bool:
    return found == msgspec.structs.replace(
        made, revision=found.revision, creation_time=found.creation_time, last_update_time=found.last_update_time
    )


def _findable(name: object) -> str:
    """A name as a query takes it; what cannot be a name finds nothing."""
    return name if isinstance(name, str) and name.isprintable() else ""


def _missing(session: Session, name: object) -> NotFound:
    names = [row[0] for row in session.rows(_NAMES)]
    known = f"There are {', '.join(names)}" if names else "There is none yet: create one with put_endpoint"
    return NotFound(f"No endpoint is named {name!r:.120}. {known}.")


def _elsewhere(name: str, expected: int, revision: int) -> InvalidState:
    found = f"its revision is {revision}" if revision else "there is no endpoint of that name"
    wanted = f"the revision {expected} was expected" if expected else "none was expected to be there"
    return InvalidState(
        f"The endpoint {name!r} was changed by somebody else: {wanted}, and {found}. Read it again, and make the "
        "change anew."
    )
