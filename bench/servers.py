"""The servers that are measured: Quire's, MLflow's and FastTrackML's, each a process tree of its own.

All keep their records in a database of the same kind and their artifacts in a folder on the same disk, and run with
their defaults. A server that is not being measured is stopped (SIGSTOP), so that its idle work disturbs nobody.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.context import FASTTRACKML_PYTHON, MLFLOW_PYTHON, PHOENIX_PYTHON
from bench.load import Address
from bench.ports import free_port
from bench.worker import clean_environment

FASTTRACKML = FASTTRACKML_PYTHON.with_name("fml")

_PATIENCE = 180.0


@dataclass(frozen=True)
class Place:
    """Where a server listens and keeps things. ``database`` is a SQLAlchemy URI, ``files`` a folder."""

    port: int
    database: str
    files: Path


@dataclass(frozen=True)
class Kind:
    """One of the servers: its name in the table, its program, and how it is told its place.

    ``variables`` are those of the environment that depend on the place; ``health`` is the path that answers 200 once it
    serves.
    """

    name: str
    title: str
    program: Path
    arguments: Callable[[Place], list[str]]
    proxies_artifacts: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Callable[[Place], Mapping[str, str]] = lambda _: {}
    health: str = "/health"

    @property
    def installed(self) -> bool:
        """Whether its program is there."""
        return self.program.exists()


def _quire(place: Place) -> list[str]:
    return ["-m", "quire", "server", *_mlflow_options(place)]


def _mlflow(place: Place) -> list[str]:
    # SQLAlchemy 2.1 would take psycopg 3 by itself; MLflow's own documents name psycopg2.
    named = replace(place, database=place.database.replace("postgresql://", "postgresql+psycopg2://"))
    return ["-m", "mlflow", "server", *_mlflow_options(named)]


def _mlflow_options(place: Place) -> list[str]:
    options = ["--backend-store-uri", place.database, "--artifacts-destination", str(place.files)]
    return [*options, "--host", "127.0.0.1", "--port", str(place.port)]


def _fasttrackml(place: Place) -> list[str]:
    database = place.database.replace("sqlite:///", "sqlite://").replace("postgresql://", "postgres://")
    options = ["--listen-address", f"127.0.0.1:{place.port}", "--database-uri", database]
    return ["server", "-l", "error", *options, "--default-artifact-root", str(place.files)]


def _phoenix(place: Place) -> dict[str, str]:
    return {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(place.port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(place.files),
        "PHOENIX_SQL_DATABASE_URL": place.database,
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }


QUIRE = Kind("quire", "Quire", Path(sys.executable), _quire)
MLFLOW = Kind("mlflow", "MLflow", MLFLOW_PYTHON, _mlflow)
FASTTRACKML_KIND = Kind("fasttrackml", "FastTrackML", FASTTRACKML, _fasttrackml, proxies_artifacts=False)
PHOENIX = Kind(
    "phoenix", "Phoenix", PHOENIX_PYTHON, lambda _: ["-m", "phoenix.server.main", "serve"], variables=_phoenix
)
KINDS = (QUIRE, FASTTRACKML_KIND, MLFLOW)


class Server:
    """A running server. ``seconds_to_start`` is the time from starting its process to its first answer.

    With a ``core`` all its processes keep to that one of the machine.
    """

    def __init__(self, kind: Kind, folder: Path, database: str, *, core: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.kind = kind
        self.place = Place(free_port(), database, folder / "files")
        self._log = folder / "server.log"
        with self._log.open("wb") as log:
            began = time.perf_counter()
            self._process = subprocess.Popen(
                [kind.program, *kind.arguments(self.place)],
                cwd=folder,
                env=clean_environment({**kind.environment, **kind.variables(self.place)}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})  # it has begun nothing yet that would not inherit this
        self.seconds_to_start = self._wait(began)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return ("127.0.0.1", self.place.port)

    def _wait(self, began: float) -> float:
        while True:
            if _healthy(self.address, self.kind.health):
                return time.perf_counter() - began
            gone = self._process.poll() is not None
            if gone or time.perf_counter() - began > _PATIENCE:
                self.close()
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
                raise RuntimeError(f"{self.kind.title}'s server does not answer\n{tail}")
            time.sleep(0.005)

    def memory(self) -> int:
        """Resident bytes of all its processes; 0 where the system does not tell."""
        return sum(_resident(number) for number in _tree(self._process.pid))

    def processor_seconds(self) -> float:
        """Seconds of processor time that all its processes have used; 0 where the system does not tell."""
        return sum(_used(number) for number in _tree(self._process.pid))

    def pause(self) -> None:
        """Stop all its processes where they stand."""
        _signal_all(_tree(self._process.pid), signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        _signal_all(_tree(self._process.pid), signal.SIGCONT)

    def close(self) -> None:
        """End all its processes."""
        numbers = _tree(self._process.pid)
        _signal_all(numbers, signal.SIGCONT)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        _signal_all(numbers, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


@contextlib.contextmanager
def measured(server: Server) -> Iterator[None]:
    """Let a paused server go on for as long as it is measured."""
    server.resume()
    try:
        yield
    finally:
        server.pause()


def _healthy(address: Address, path: str) -> bool:
    try:
        with socket.create_connection(address, timeout=1) as probe:
            probe.settimeout(10)
            probe.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return probe.recv(64)[9:12] == b"200"
    except OSError:
        return False


def _tree(number: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = entry.read_text().rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(entry.parent.name))
    found = [number]
    for one in found:
        found += children.get(one, [])
    return found


def _resident(number: int) -> int:
    try:
        return int(Path(f"/proc/{number}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _used(number: int) -> float:
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _signal_all(numbers: list[int], what: signal.Signals) -> None:
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, what)
