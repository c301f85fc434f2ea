"""What comes late pushes nothing: on a slow network too, each page grows without moving what is already shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.quire_server import QuireServer
from tests.ui.browser import Screen
from tests.ui.everything import PAGES, Everything, Words

pytestmark = pytest.mark.slow
MOST_LATE = 0.02
LATE = """
const now = window.fetch;
let asked = 0;
window.__waiting = 0;
window.fetch = async (...what) => {
    const live = String(what[0]?.url ?? what[0]).endsWith("/events");
    if (!live) window.__waiting += 1;
    // Each answer at another moment, and not in the order of the questions.
    await new Promise((done) => setTimeout(done, [100, 500, 250, 700, 50, 350][asked++ % 6]));
    try {
        return await now(...what);
    } finally {
        if (!live) setTimeout(() => { window.__waiting -= 1; }, 50);
    }
};
"""
TEXT = "Seventeen sheep graze on a hill, and all but nine of them run away. How many are left on the hill? "
WORDS = Words(
    slug="sheep",
    name="Sheep on a hill that all but nine of them have left by the end of the story",
    line="Nine sheep are left.",
    text=TEXT * 3,
    big=TEXT * 200,
    links="[A page](https://example.com/)",
    deep='{"sheep": [9, 8]}',
)


@pytest.fixture(scope="module")
def sheep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    folder = tmp_path_factory.mktemp("sheep")
    with pytest.MonkeyPatch.context() as patch, QuireServer(folder / "server") as server:
        patch.chdir(folder)
        yield Everything(server.url, WORDS)


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_answers_that_come_late_push_nothing(screen: Screen, sheep: Everything, place: str, size: str) -> None:
    if size == "narrow":
        screen.narrow()
    screen.page.add_init_script(LATE)
    screen.page.add_init_script("localStorage.setItem('quire-name', 'Ada');")
    page = screen.open(sheep.url + sheep.address(place))
    page.locator("h1").first.wait_for()
    page.wait_for_function("() => window.__waiting === 0")
    page.wait_for_timeout(100)
    screen.shot("shown")
    screen.check_still(MOST_LATE)
