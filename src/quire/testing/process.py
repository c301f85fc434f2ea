"""A simulator in a process of its own, so that load on it does not slow the program that it answers."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, Unavailable
from quire.simulator.behaviour import Behaviour
from quire.simulator.request_log import RecordedRequest
from quire.testing.address import NOT_RUNNING, Addressed


class SimulatorProcess(Addressed):
    """The same as :class:`quire.testing.Simulator`, run by another interpreter.

    ``requests`` and ``behaviour`` go over a socket: the recorded requests are copies, their credentials redacted.
    ``keep_requests`` is smaller, because it is meant for load; ``count`` tells how many arrived.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, keep_requests: int = 10_000, **fields: Any) -> None:
        self._behaviour = msgspec.structs.replace(behaviour or Behaviour(), **fields)
        self._keep = keep_requests
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def start(self) -> SimulatorProcess:
        """Start the process and wait until it listens; returns the simulator itself.

        Raises InvalidInput for a behaviour that cannot be followed (a faulty recording), Unavailable if it ends early.
        """
        command = [sys.executable, "-m", "quire.simulator", str(self._keep)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own module
        if self._process.stdin is None or self._process.stdout is None:
            raise Unavailable("The simulator's process has no pipes.")
        self._process.stdin.write(_encode(self._behaviour).decode() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line.strip().isdecimal():
            self.stop()
            if line:
                raise InvalidInput(line.strip())
            raise Unavailable("The simulator's process ended before it listened; its message is above.")
        self._port = int(line)
        return self

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def __enter__(self) -> SimulatorProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._running().pid

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 on which it serves."""
        self._running()
        return self._port

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves; may be set while it runs."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._call("PUT", "behaviour", _encode(behaviour))
        self._behaviour = behaviour

    def behave(self, **fields: Any) -> None:
        """Change some fields of the behaviour and keep the others."""
        self.behaviour = msgspec.structs.replace(self._behaviour, **fields)

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests received since the start or the last reset, oldest first; at most ``keep_requests``."""
        entries = msgspec.json.decode(self._call("GET", "requests"))
        return [RecordedRequest.from_dict(entry) for entry in entries]

    @property
    def count(self) -> int:
        """How many requests arrived since the start or the last reset."""
        return int(msgspec.json.decode(self._call("GET", "count"))["count"])

    def reset(self) -> None:
        """Forget the requests and every stored object."""
        self._call("DELETE", "requests")

    def _call(self, method: str, what: str, body: bytes | None = None) -> bytes:
        url = f"http://127.0.0.1:{self.port}/_simulator/{what}"
        request = urllib.request.Request(url, data=body, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            raise InvalidInput(msgspec.json.decode(error.read())["error"]["message"]) from None
        return content

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError(NOT_RUNNING)
        return self._process


def _encode(behaviour: Behaviour) -> bytes:
    return msgspec.json.encode(behaviour, enc_hook=str)
