"""What a database error means to the caller: each becomes one of Quire's errors, without SQL in it."""

from __future__ import annotations

import sqlite3

from quire.domain.errors import InvalidInput, PermissionDenied, QuireError, Unavailable

# What SQLite says of a statement beyond its limits; only a search's size is in the hands of the caller.
_SEARCH_LIMITS = ("pattern too complex", "expression tree is too large", "tables in a join", "too many sql variables")


class Again(Unavailable):
    """The database undid the call, or never got it, for a reason that may have passed: run the whole call again."""


class InDoubt(Exception):
    """The connection broke while a commit was not answered yet: only the database knows what became of it.

    ``transaction`` is its number; ``recovered`` when the server it was sent to had last recovered from a crash.
    """

    def __init__(self, transaction: str, recovered: float) -> None:
        self.transaction = transaction
        self.recovered = recovered
        super().__init__(transaction)


def original(error: BaseException) -> BaseException:
    """The driver's own error."""
    return getattr(error, "orig", None) or error


def explain_value(error: BaseException) -> QuireError | None:
    """The error of a value that no database can hold; None if that is not what went wrong."""
    if isinstance(error, OverflowError):
        return InvalidInput("A number does not fit 64 bits. Steps and timestamps lie between -2^63 and 2^63 - 1.")
    if isinstance(error, UnicodeEncodeError):
        broken = error.object[error.start : error.end]
        return InvalidInput(
            f"A text holds {broken!r}, which is not a character (half of a surrogate pair), so it cannot be stored. "
            "Decode the text anew with errors='replace'."
        )
    return None


def value_of_another_kind(text: str) -> QuireError:
    """The error of a value whose type the database does not take."""
    return InvalidInput(f"A value cannot be stored ({text}). Ids, names and keys are text.")


def too_large_a_search(text: str) -> QuireError:
    """The error of a search beyond the database's limits."""
    return InvalidInput(
        f"The search asks too much at once ({text}). Give it fewer conditions, sort keys or experiments, or a "
        "shorter pattern."
    )


def full_disk(place: str, text: str) -> QuireError:
    """The error of a database without room."""
    return Unavailable(
        f"{place} cannot be written: {text}. Nothing of this call was stored and everything acknowledged before is "
        "kept; make room on the disk and call again."
    )


def explain_sqlite(error: sqlite3.Error, place: str) -> QuireError:
    """The error that a failure of the SQLite database at ``place`` stands for."""
    text = str(error)
    lower = text.lower()
    if "binding parameter" in lower:
        return value_of_another_kind(text)
    if any(limit in lower for limit in _SEARCH_LIMITS):
        return too_large_a_search(text)
    if "not a database" in lower or "malformed" in lower or "file is encrypted" in lower:
        return InvalidInput(
            f"{place} is not a SQLite database, or is damaged ({text}). Name another file in the tracking URI."
        )
    if "disk is full" in lower or "disk i/o" in lower:
        return full_disk(place, text)
    if "readonly" in lower or "unable to open" in lower or "authoriz" in lower:
        return PermissionDenied(
            f"{place} cannot be opened for writing ({text}). Give this user write access to the file and to its "
            "folder, or name a file elsewhere in the tracking URI."
        )
    if is_busy(error):
        return Unavailable(
            f"{place} is locked: another program has kept it in a transaction for too long. Find the program that "
            "holds it open (a database browser with unsaved changes?) and call again."
        )
    return Unavailable(f"{place} failed: {text}.")


def is_busy(error: BaseException) -> bool:
    """Whether another connection holds a lock that this one waits for."""
    text = str(error).lower()
    return isinstance(error, sqlite3.OperationalError) and ("locked" in text or "busy" in text)
