"""Backing a database up while it is in use."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from shlex import join

import msgspec

from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, Unavailable
from quire.domain.uris import store_kind
from quire.store.opening import parse_sqlite

_PART = ".part"


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was made. ``restore`` says how to use it."""

    database: str
    file: str
    size: int
    seconds: float
    restore: str


def backup(uri: str, file: Path, *, replace: bool = False) -> Backup:
    """Copy everything that was acknowledged before now into ``file``; writers go on meanwhile.

    SQLite is copied by its own online backup and the copy is checked; PostgreSQL by ``pg_dump`` (``PG_DUMP`` names
    another program). The file appears complete or not at all. Artifacts are files, and are not in it.
    Raises AlreadyExists unless it may be replaced, InvalidState where ``pg_dump`` is missing.
    """
    file = file.expanduser().absolute()
    if file.exists() and not replace:
        raise AlreadyExists(f"The file {file} exists. Name another, or replace it with --force.")
    if not file.parent.is_dir():
        raise NotFound(f"The folder {file.parent} does not exist. Create it first.")
    kind = store_kind(uri)
    if kind not in ("sqlite", "postgresql"):
        raise InvalidInput("Only a database can be backed up: name sqlite:///file.db or postgresql://host/database.")
    began = time.monotonic()
    part = file.with_name(file.name + _PART)
    try:
        database, restore = _of_sqlite(uri, part, file) if kind == "sqlite" else _of_postgres(uri, part, file)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
    return Backup(
        database=database,
        file=str(file),
        size=file.stat().st_size,
        seconds=round(time.monotonic() - began, 3),
        restore=restore,
    )


def _of_sqlite(uri: str, part: Path, file: Path) -> tuple[str, str]:
    path = parse_sqlite(uri).path
    if path is None:
        raise InvalidInput("A database in memory cannot be backed up from another process. Name sqlite:///file.db.")
    if not path.is_file():
        raise NotFound(f"The database {path} does not exist, so there is nothing to back up.")
    if path == file:
        raise InvalidInput(f"{file} is the database itself. Name another file for the backup.")
    try:
        _copy(path, part)
    except sqlite3.Error as error:
        raise Unavailable(f"The database {path} cannot be copied to {file}: {error}. Nothing was kept.") from error
    return (
        f"sqlite:///{path}",
        f"stop what uses {path}, remove {path}-wal and {path}-shm if they are there, then put {file} in its place",
    )


def _copy(path: Path, part: Path) -> None:
    source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    target = sqlite3.connect(part)
    try:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
        ((verdict,),) = target.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged ({verdict})")
    finally:
        target.close()
        source.close()
    with part.open("rb+") as copied:
        os.fsync(copied.fileno())


def _of_postgres(uri: str, part: Path, file: Path) -> tuple[str, str]:
    from psycopg.conninfo import make_conninfo

    from quire.store.sql.postgres_place import parse_postgres

    place = parse_postgres(uri)
    parameters = {
        name: value for name, value in place.parameters.items() if name not in ("password", "client_encoding")
    }
    words = ["--format=custom", "--no-owner", f"--file={part}", f"--dbname={make_conninfo(**parameters)}"]
    program = os.environ.get("PG_DUMP") or "pg_dump"
    shown = join([program, *words[:2], f"--file={file}", place.uri])
    if shutil.which(program) is None:
        raise InvalidState(
            f"PostgreSQL is backed up by its own program pg_dump, which is not installed here. Install the "
            f"PostgreSQL client, name it in PG_DUMP, or run where it is: {shown}"
        )
    environment = {**os.environ}
    if "password" in place.parameters:
        environment["PGPASSWORD"] = str(place.parameters["password"])
    done = subprocess.run(  # noqa: S603 - the program of the user, without a shell
        [program, *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise Unavailable(f"pg_dump could not back up {place.name}: {said}. The command was: {shown}")
    return place.uri, f"createdb NAME && pg_restore --no-owner --dbname=NAME {join([str(file)])}"
