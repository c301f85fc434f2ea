"""``python -m quire`` in processes of its own that have loaded their modules before they begin.

A new interpreter spends a second or more on importing what a command needs. One that has done so once, and forks for
each command, spares the tests of most commands that second; everything else is as in a new interpreter. What a new one
loads, and how signals end it, is tested on new ones.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_LOADED = (
    "openai quire.batch quire.bundle quire.caller.settings quire.cli quire.openai quire.pyfunc quire.store.sql.store "
    "quire.store.sql.upkeep quire.testing rich.console rich.progress rich.table"
)
_LONGEST_REQUEST = 128 * 1024


class WarmQuire:
    """The process that forks. Commands run one after another."""

    def __init__(self) -> None:
        self._command = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
            )

    def start(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Sequence[int]) -> None:
        """Start a command with these as its standard input, output and error."""
        request = json.dumps([words, str(folder), dict(environment)]).encode()
        socket.send_fds(self._socket, [request], streams)
        self._command = int(self._socket.recv(64))

    def wait(self, patience: float) -> int:
        """The exit code of the command. Raises TimeoutError, and ends it, if it takes longer than so many seconds."""
        self._socket.settimeout(patience)
        try:
            return int(self._socket.recv(64))
        except TimeoutError:
            os.kill(self._command, signal.SIGKILL)
            self._socket.settimeout(None)
            self._socket.recv(64)
            raise
        finally:
            self._socket.settimeout(None)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait(30)


def _serve(requests: socket.socket) -> None:
    """Fork for each request; in the child, return once it is made ready to run."""
    while True:
        request, streams, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, 3)
        if not request:
            os._exit(0)
        child = os.fork()
        if not child:
            requests.close()
            _become(*json.loads(request), streams)
            return
        for stream in streams:
            os.close(stream)
        requests.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(BrokenPipeError):
            requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(words: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["quire", *words]


if __name__ == "__main__":
    for name in _LOADED.split():
        __import__(name)
    gc.freeze()  # what is loaded is not looked through, and so not copied, again
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("quire", run_name="__main__", alter_sys=True)
