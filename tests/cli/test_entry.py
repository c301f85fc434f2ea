from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from quire._version import __version__
from tests.cli.conftest import OnTerminal, Quire

HEAVY = ("sqlalchemy", "openai", "pandas", "litestar", "rich", "narwhals", "yaml", "obstore", "alembic", "uvicorn")


def modules_after(words: str) -> set[str]:
    code = (
        "import sys, json, atexit\n"
        "atexit.register(lambda: sys.stderr.write(json.dumps(sorted({m.split('.')[0] for m in sys.modules}))))\n"
        f"sys.argv = ['quire', *{words.split()!r}]\n"
        "from quire.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr))


@pytest.mark.parametrize("words", ["--help", "--version", "runs --help", "predict --help", "models import --help"])
def test_help_and_version_load_nothing_heavy(words: str) -> None:
    assert modules_after(words) & set(HEAVY) == set()


def test_help_is_there_at_once() -> None:
    """The bar is 150 ms on an idle machine, which is less than twice what loading Typer alone takes on any machine."""
    pairs = [(cpu_seconds("-m", "quire", "--help"), cpu_seconds("-c", "import typer")) for _ in range(5)]
    assert min(ours for ours, _ in pairs) < 2.5 * min(typer for _, typer in pairs)


def cpu_seconds(*words: str) -> float:
    """The processor time of a new interpreter."""
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_version_and_console_script(cli: Quire) -> None:
    assert cli("--version").out == f"quire {__version__}\n"
    script = Path(sys.executable).with_name("quire")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"quire {__version__}\n"


def test_wrong_usage_exits_with_2(cli: Quire) -> None:
    assert (cli("bogus").code, cli("runs", "bogus").code, cli("runs", "show").code) == (2, 2, 2)
    assert "No such command 'bogus'" in cli("bogus").err
    assert "--limit" in cli("runs", "list", "--limit", "0").err


def test_no_command_shows_the_help(cli: Quire) -> None:
    done = cli()
    assert "predict" in done.out + done.err


def test_an_error_is_one_line_on_standard_error(cli: Quire, workspace: Path) -> None:
    done = cli("runs", "list")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"Error: There is no tracking store here: '{workspace}/quire.db' does not exist. Run the command in the folder "
        "of your project, or name the store with --tracking-uri (or QUIRE_TRACKING_URI).\n"
    )
    assert not (workspace / "quire.db").exists()


def test_a_tracking_uri_that_no_store_serves(cli: Quire) -> None:
    done = cli("runs", "list", "--tracking-uri", "ftp://host/x")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "ftp" in done.err


def test_a_password_in_a_tracking_uri_is_not_shown(cli: Quire) -> None:
    uri = "postgresql://ann:sesame-open@127.0.0.1:1/nothing"
    for words in (["runs", "list"], ["doctor"], ["doctor", "--json"]):
        done = cli(*words, "--tracking-uri", uri)
        assert done.code == 1
        assert "sesame" not in done.out + done.err


def test_options_may_stand_before_or_after_the_command(cli: Quire, project: list[str], workspace: Path) -> None:
    uri = f"sqlite:///{workspace / 'quire.db'}"
    before = cli("--json", "--tracking-uri", uri, "experiments", "list")
    after = cli("experiments", "list", "--json", "--tracking-uri", uri)
    assert before.json == after.json
    assert [item["name"] for item in after.json["experiments"]] == ["jokes", "Default"]


def test_a_reader_that_goes_away_is_no_error(project: list[str]) -> None:
    command = f"{sys.executable} -m quire runs list | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_a_full_standard_output_is_an_error(project: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "quire", "runs", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: No space left on device\n"


def test_ctrl_c_exits_with_130(workspace: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "quire", "simulate", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "simulator" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_colour_on_a_terminal_alone(cli: Quire, on_terminal: OnTerminal, project: list[str]) -> None:
    assert "\x1b" not in cli("runs", "list").out
    assert "\x1b[32m" in on_terminal("runs", "list")
    assert "\x1b[32m" not in on_terminal("runs", "list", NO_COLOR="1")
