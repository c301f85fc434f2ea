from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import quire
from quire.domain.schema import ParamSchema, ParamSpec
from quire.domain.signature import ModelSignature

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Done(msgspec.Struct, frozen=True):
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)


Quire = Callable[..., Done]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which commands run; the environment names no store, service or key."""
    for name in list(os.environ):
        if name.startswith(("QUIRE_", "MLFLOW_", "OPENAI_", "AZURE_")) or name in (
            "NO_COLOR",
            "FORCE_COLOR",
            "COLUMNS",
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(workspace: Path) -> Quire:
    """Runs ``quire`` through its real entry point in a process of its own."""

    def run(*words: str, input: str | None = None, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "quire", *words],
            capture_output=True,
            text=True,
            input=input,
            cwd=workspace,
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def quick(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Quire:
    """Runs ``quire`` in this process, for the many variants of one thing."""
    from typer.testing import CliRunner

    from quire.cli import app

    def run(*words: str, input: str | None = None, **environment: str) -> Done:
        done = CliRunner().invoke(app, list(words), input=input, env=environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def project(workspace: Path) -> list[str]:
    """A store with three runs of one experiment and a registered model of three versions; gives the runs' ids."""
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    quire.set_experiment("jokes")
    ids = [log_run(number) for number in range(3)]
    client = quire.Client()
    client.set_registered_model_alias("joker", "champion", "1")
    client.set_registered_model_alias("joker", "challenger", "3")
    quire.set_tracking_uri(None)
    return ids


def log_run(number: int) -> str:
    style = ["funny", "scary", "dry"][number]
    with quire.start_run(run_name=f"run-{style}") as run:
        quire.log_params({"style": style, "rows": 800, "prompt": f"You are a {style} comedian.\nBe kind.\n"})
        quire.log_metrics({"accuracy": 0.5 + number / 10, "latency_s": 1.0 + number})
        quire.log_text("hello", "notes/readme.txt")
        quire.openai.log_model(
            model="gpt-4o-mini",
            task="chat.completions",
            name="model",
            messages=[{"role": "user", "content": f"Tell me a {style} joke about {{animal}}."}],
            max_tokens=100 + number,
            signature=ModelSignature(params=ParamSchema([ParamSpec("temperature", "double", 0.2, maximum=1 + number)])),
            registered_model_name="joker",
        )
    return str(run.info.run_id)


def on_terminal(*words: str, columns: int = 80, **environment: str) -> str:
    """What ``quire`` shows on a terminal of that width, with its colours."""
    import fcntl
    import pty
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "quire", *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        close_fds=True,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    process.wait(timeout=60)
    os.close(leader)
    return shown.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    """Text without the codes of a terminal."""
    return ANSI.sub("", text)
