from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
import pytest

import quire
from quire.domain.schema import ParamSchema, ParamSpec
from quire.domain.signature import ModelSignature
from tests.cli.warm import WarmQuire

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
OnTerminal = Callable[..., str]


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


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmQuire]:
    """Starts commands without the time that a new interpreter takes."""
    process = WarmQuire()
    yield process
    process.close()


@pytest.fixture
def cli(workspace: Path, warm: WarmQuire) -> Quire:
    """Runs ``quire`` through its real entry point in a process of its own."""

    def run(*words: str, input: str | None = None, **environment: str) -> Done:
        with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
            given.write((input or "").encode())
            given.seek(0)
            streams = [given.fileno(), out.fileno(), err.fileno()]
            warm.start(words, workspace, {**os.environ, **environment}, streams)
            done = Done(warm.wait(120), _text(out), _text(err))
        assert "Traceback" not in done.err, done.err
        return done

    return run


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


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


@pytest.fixture
def on_terminal(workspace: Path, warm: WarmQuire) -> OnTerminal:
    """What ``quire`` shows on a terminal of ``columns``, with its colours."""
    import fcntl
    import pty
    import struct
    import termios

    def run(*words: str, columns: int = 80, **environment: str) -> str:
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        warm.start(words, workspace, {**os.environ, "TERM": "xterm-256color", **environment}, [follower] * 3)
        os.close(follower)
        shown = b"".join(iter(lambda: _read(leader), b""))
        warm.wait(60)
        os.close(leader)
        return shown.decode().replace("\r\n", "\n")

    return run


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its last user is gone
        return b""


def plain(text: str) -> str:
    """Text without the codes of a terminal."""
    return ANSI.sub("", text)
