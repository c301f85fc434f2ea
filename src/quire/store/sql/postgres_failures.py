"""What PostgreSQL's errors mean to the caller, told by their SQLSTATE codes."""

from __future__ import annotations

import psycopg

from quire.domain.errors import InvalidInput, InvalidState, NotFound, PermissionDenied, QuireError, Unavailable
from quire.store.sql.failures import Again, full_disk, too_large_a_search, value_of_another_kind
from quire.store.sql.postgres_place import PostgresPlace

# Another call was in the way: deadlock, serialization, or it added or removed what this one looked for.
_IN_THE_WAY = {"40001", "40P01", "23505", "23503", "55P03"}
# The server stops, starts or crashed; the connection is lost.
_AWAY = {"57P01", "57P02", "57P03", "57P05", "25P03", "53300"}


def is_away(error: BaseException) -> bool:
    """Whether the server cannot be reached, or threw the connection out."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    code = error.sqlstate
    if code is None:
        return _refused(str(error)) is None
    return code in _AWAY or code.startswith("08")


def explain_postgres(error: psycopg.Error, place: str, where: PostgresPlace) -> QuireError:
    """The error that a failure of the database stands for."""
    code = error.sqlstate
    text = _first_line(error)
    if code is None:
        return _explain_client(error, text, place, where)
    if code in _IN_THE_WAY:
        return Again(f"{place} was changed by another call at the same time ({text}). Call again.")
    if is_away(error):
        return Again(f"{place} went away ({text}). Nothing of this call was stored; call again.")
    if code == "57014":
        return Unavailable(
            f"{place} took longer than {where.statement_timeout} seconds for one step ({text}). Ask for less at once, "
            "or allow more with the option statement_timeout=SECONDS of the tracking URI."
        )
    return _explain_refusal(code, text, place)


def _explain_refusal(code: str, text: str, place: str) -> QuireError:
    match code:
        case "53100":
            return full_disk(place, text)
        case "42501":
            return PermissionDenied(
                f"{place} does not allow this user to do that ({text}). Ask its owner for the right."
            )
        case "25006":
            return PermissionDenied(
                f"{place} is read-only ({text}): a replica? Name the primary server in the tracking URI, or add "
                "target_session_attrs=read-write to it."
            )
        case "42P01" | "42703" | "42883":
            return InvalidState(f"{place} lacks a table or column ({text}). Bring it up to date: quire db upgrade.")
        case "54000" | "54001" | "54011" | "54023" | "53200":
            return too_large_a_search(text)
        case "42804" | "42P18" | "22P02":
            return value_of_another_kind(text)
    if code.startswith("22"):
        return InvalidInput(f"A value cannot be stored ({text}).")
    return Unavailable(f"{place} failed: {text}.")


def _explain_client(error: psycopg.Error, text: str, place: str, where: PostgresPlace) -> QuireError:
    """What went wrong before the server answered: a value that cannot be sent, a server that cannot be reached."""
    if isinstance(error, psycopg.DataError | psycopg.NotSupportedError):
        return InvalidInput(f"A value cannot be stored ({text}).")
    if isinstance(error, psycopg.ProgrammingError):
        return value_of_another_kind(text)
    match _refused(str(error)):
        case "password":
            return PermissionDenied(
                f"{place} refused the user or the password ({text}). Check them in the tracking URI, or in PGUSER and "
                "PGPASSWORD."
            )
        case "database":
            return NotFound(f"{place} does not exist. Create it first: createdb --host {where.host} NAME.")
    return Again(f"{place} cannot be reached ({text}). Is the server running, and its address right?")


def explain_waiting(place: str, where: PostgresPlace) -> QuireError:
    """The error of a call that got no connection from the pool in time."""
    return Unavailable(
        f"{place} is busy: all {where.pool_size} connections of this process were in use for too long. Call again, or "
        "allow more with the option pool_size=CONNECTIONS of the tracking URI."
    )


def _refused(text: str) -> str | None:
    """Why a server that can be reached lets nobody in, if that is so. Only words tell, for there is no code yet."""
    lower = text.lower()
    if "authentication failed" in lower or "no password supplied" in lower or "pg_hba.conf" in lower:
        return "password"
    if "database" in lower and "does not exist" in lower:
        return "database"
    if "role" in lower and "does not exist" in lower:
        return "password"
    return None


def _first_line(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error)
    return " ".join(said.split("\n", 1)[0].split()).rstrip(".")
