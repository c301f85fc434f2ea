"""A real Chromium for the tests of the web interface, and a page in it that tells of everything that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.quire_server import QuireServer
from tests.ui.browser import Screen, find_chromium


@pytest.fixture(scope="module")
def quire_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of the module's own: a list on a page holds what the module's tests put there."""
    with QuireServer(tmp_path_factory.mktemp("interface")) as server:
        yield server.url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, one for each module: while Playwright is there, its event loop is this thread's."""
    found = find_chromium(light=True)
    if found is None:
        pytest.skip("Chromium is absent: `apt-get install chromium-headless-shell` brings it")
    from playwright.sync_api import sync_playwright

    from quire.server.ui import FOLDER

    if not (FOLDER / "index.html").exists():
        pytest.skip("the web interface is not built: run `make ui`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


_CALLED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """Remember whether a test failed, for the picture of its window."""
    report = yield
    if report.when == "call":
        item.stash[_CALLED] = report.failed
    return report


@pytest.fixture
def screen(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Screen]:
    """A window of 1280 × 800; the test fails if a page logged an error or broke the Content-Security-Policy.

    A test that fails leaves a picture of the window as it was.
    """
    with Screen(chromium, request.node.name) as made:
        yield made
        if request.node.stash.get(_CALLED, True):
            made.shot("failed")
        else:
            made.check()
