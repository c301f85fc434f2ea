"""A Quire server in a process of its own, that a test may stop, kill and start again at the same address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType

_PROGRAM = """
import msgspec, sys
from quire.server import Settings
from quire.server.running import serve
sys.exit(serve(msgspec.json.decode(sys.argv[1], type=Settings)))
"""


class QuireServer:
    """Use it as ``with QuireServer(folder) as server:``; ``settings`` are those of the server."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {"backend_store_uri": f"sqlite:///{folder}/quire.db", "port": self.port, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, **settings: object) -> None:
        """Change its settings, before it starts: those that depend on its address."""
        self._settings |= settings

    def __enter__(self) -> QuireServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        import msgspec

        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-c", _PROGRAM, msgspec.json.encode(self._settings).decode()]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "QUIRE_"))}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, env=environment)
        deadline = time.monotonic() + 120  # a machine with much else to do
        while True:
            try:
                urllib.request.urlopen(f"{self.url}{self._settings.get('static_prefix', '')}/health", timeout=5).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._folder / "server.log").read_text()[-3000:]) from None
                time.sleep(0.02)
            else:
                return

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it answer nothing, though it takes connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, kind: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(kind)
            self._process.wait(30)
        self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
