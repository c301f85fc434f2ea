"""A process that is measured from outside: it answers commands, one JSON line each, until told to end.

Both sides of the pipe live here, so that this file is the whole protocol. A measured script calls :func:`serve`
with its commands; a benchmark starts it as a :class:`Worker`. Only the standard library is imported, since the
script may run in another library's environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent

_FOREIGN = ("QUIRE_", "MLFLOW_", "OPENAI_", "AZURE_", "PYTHON", "OTEL_")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without variables that would steer a library, plus ``extra``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    fixed = {"PYTHONPATH": str(REPOSITORY), "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    return {**kept, **fixed, **(extra or {})}


class Worker:
    """A script of ``bench/sides`` in a process of its own; its standard error goes to a file in ``folder``."""

    def __init__(
        self, python: Path, side: str, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log = folder / f"{side}-{os.urandom(4).hex()}.log"
        self._name = f"bench.sides.{side} {' '.join(arguments)}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", f"bench.sides.{side}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=clean_environment(environment),
                text=True,
            )

    def ask(self, command: str, **arguments: Any) -> Any:
        """Run a command and wait for its answer. Raises RuntimeError with the end of its log if it fails."""
        self.send(command, **arguments)
        return self.receive()

    def send(self, command: str, **arguments: Any) -> None:
        """Start a command without waiting."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([command, arguments]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError(self._failure("ended early")) from None

    def receive(self) -> Any:
        """The answer of the command that was started last."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(self._failure("ended early"))
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(self._failure(answer["error"]))
        return answer["result"]

    def _failure(self, what: str) -> str:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        return f"{self._name}: {what}\n{tail}"

    def close(self) -> None:
        """End the process; it is killed if it does not end by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=20)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def serve(**commands: Callable[..., Any]) -> None:
    """Answer commands from standard input until it closes. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        command, arguments = json.loads(line)
        try:
            answer = {"result": commands[command](**arguments)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def peak_memory() -> int:
    """The largest resident size this process has had, in bytes.

    ``VmHWM`` where there is one: ``ru_maxrss`` starts, on Linux, at what the parent had when it forked.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
