"""A real MLflow server, one for all processes of a test session.

It takes twenty seconds to start and a gigabyte: the first process that needs it starts it, the last one that is done
with it stops it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

START_SECONDS = 120


@contextmanager
def shared_server(python: Path, folder: Path) -> Iterator[str]:
    """The URL of a server that keeps its files in ``folder``, which names it to other processes."""
    folder.mkdir(parents=True, exist_ok=True)
    url = _join(python, folder)
    try:
        yield url
    finally:
        _leave(folder)


def start_server(python: Path, folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server of one's own; end it with :func:`stop_server`."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{_free_port()}"
    command = [str(python.with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts"), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # five more processes that look for jobs all the time
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True)
    _wait_until_healthy(url, process, folder / "log")
    return process, url


def stop_server(pid: int) -> None:
    """End a server with the processes that it started."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, kind)
        except ProcessLookupError:
            return
        time.sleep(0.5)


def _join(python: Path, folder: Path) -> str:
    with _state(folder) as (state, write):
        if not state:
            process, url = start_server(python, folder)
            state = {"url": url, "pid": process.pid, "users": 0}
        write({**state, "users": state["users"] + 1})
        return str(state["url"])


def _leave(folder: Path) -> None:
    with _state(folder) as (state, write):
        left = state["users"] - 1
        write({**state, "users": left} if left else {})
        if not left:
            stop_server(state["pid"])
            shutil.rmtree(folder / "artifacts", ignore_errors=True)


@contextmanager
def _state(folder: Path) -> Iterator[tuple[dict[str, Any], Any]]:
    """What the processes know in common, held by one of them at a time."""
    with (folder / "state.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        yield json.loads(text) if text else {}, lambda state: _write(file, state)


def _write(file: IO[str], state: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(state) if state else "")
    file.flush()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
        else:
            return
    stop_server(process.pid)
    raise RuntimeError(f"MLflow's server did not start:\n{log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
