"""``quire ui``: which store it shows, at which port, in which browser, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from quire.server.ui import is_built
from tests.cli.test_server import address, end, start
from tests.eventually import eventually

pytestmark = pytest.mark.skipif(not is_built(), reason="the web interface is not built: run `make ui`")


@pytest.fixture
def browser(tmp_path: Path) -> dict[str, str]:
    """The environment with a browser that notes what it opens in ``tmp_path/opened``."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    program.chmod(0o755)
    return {"BROWSER": f"{program} %s"}


def opened(tmp_path: Path) -> list[str]:
    place = tmp_path / "opened"
    return place.read_text().splitlines() if place.exists() else []


def test_it_opens_the_browser_at_the_start_page_once_that_answers(tmp_path: Path, browser: dict[str, str]) -> None:
    process = start("ui", "--tracking-uri", f"sqlite:///{tmp_path}/a.db", "--port", "0", **browser)
    found = address(process)
    eventually(lambda: opened(tmp_path) == [found])
    with urllib.request.urlopen(found, timeout=10) as answer:
        assert b'<div id="root">' in answer.read()
    assert (tmp_path / "a.db").exists()
    assert end(process, signal.SIGINT) == 130


def test_without_a_browser_it_only_says_where_it_is(tmp_path: Path, browser: dict[str, str]) -> None:
    given = {"QUIRE_TRACKING_URI": f"sqlite:///{tmp_path}/a.db", **browser}
    process = start("ui", "--no-browser", "--port", "0", "--static-prefix", "/below", **given)
    found = address(process)
    assert found.endswith("/below/")
    urllib.request.urlopen(found, timeout=10).close()
    assert end(process, signal.SIGTERM) == 0
    assert opened(tmp_path) == []


def test_a_port_that_is_taken_is_passed_over_unless_it_was_asked_for(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        store = ["--tracking-uri", f"sqlite:///{tmp_path}/a.db", "--no-browser"]
        refused = start("ui", *store, "--port", str(port))
        _, said = refused.communicate(timeout=60)
        assert (refused.returncode, said.count("\n")) == (1, 1)
        assert str(port) in said
        from quire.server.running import open_near

        with open_near("127.0.0.1", port, 3) as other:
            assert other.getsockname()[1] != port


def test_it_says_that_the_store_is_new_and_that_its_port_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from quire.cli import ui

    monkeypatch.chdir(Path(__file__).parent)
    said = ui._note("sqlite:///no-such-file.db", 5003)
    assert "no-such-file.db is new: there is nothing in it yet." in said
    assert "Port 5000 is taken, so it is 5003." in said


def test_a_server_that_runs_elsewhere_is_opened_and_none_started(tmp_path: Path, browser: dict[str, str]) -> None:
    process = start("ui", QUIRE_TRACKING_URI="http://quire.invalid:5000/team", **browser)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert '"address": "http://quire.invalid:5000/team/"' in said
    assert opened(tmp_path) == ["http://quire.invalid:5000/team/"]


def test_a_checkout_without_a_built_interface_says_how_to_build_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from quire.server import ui; ui.FOLDER = Path('nowhere');"
        "sys.argv = ['quire', 'ui', '--no-browser']; from quire.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "Error: The web interface is not built in this checkout. Build it with `make ui`.\n"
    assert not (tmp_path / "quire.db").exists()
