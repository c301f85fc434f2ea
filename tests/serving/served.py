"""``quire serve`` in a process of its own, that a test may stop, kill and start again at the same address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

_PROGRAM = ("-m", "quire", "serve")


class Served:
    """Use it as ``with Served(folder, store, endpoints, simulator.environment) as served:``.

    ``endpoints`` are mappings as a file of endpoints holds them; ``options`` further arguments of the command.
    """

    def __init__(
        self,
        folder: Path,
        store: str,
        endpoints: Sequence[Mapping[str, Any]],
        environment: Mapping[str, str],
        *options: str,
        port: int | None = None,
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "endpoints.json"
        self._file.write_bytes(msgspec.json.encode({"endpoints": list(endpoints)}))
        self.port = free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {**environment, "QUIRE_TRACKING_URI": store}
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def environment(self) -> dict[str, str]:
        """What sends an OpenAI client here."""
        base = f"{self.url}/v1"
        return {"OPENAI_BASE_URL": base, "OPENAI_API_BASE": base, "OPENAI_API_KEY": "any"}

    @property
    def log(self) -> str:
        """What it said."""
        return (self._folder / "serve.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers."""
        names = ("MLFLOW_", "QUIRE_", "OPENAI_", "AZURE_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(names)}
        command = [sys.executable, *_PROGRAM, "--config", str(self._file), "--port", str(self.port), *self._options]
        with (self._folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, env={**inherited, **self._environment}
            )
        deadline = time.monotonic() + 120  # a machine with much else to do
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log[-3000:])
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
        except OSError:
            return False
        return True

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def tell(self, what: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(what)

    def wait(self, seconds: float = 60) -> int:
        """Wait until it has ended; how it ended."""
        assert self._process is not None
        status = self._process.wait(seconds)
        self._process = None
        return status

    def stop(self) -> int:
        """End it as an operator does; how it ended."""
        self.tell(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        self._process = None

    def memory(self) -> int:
        """Its resident bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
