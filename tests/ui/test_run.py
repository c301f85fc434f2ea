"""The page of a run: what was logged to it, its artifacts without running any, its tags."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from quire.domain.entities import Metric, Param, Tag
from quire.store import Store, open_store
from quire.tracking.client import Client
from tests.server.conftest import Served, serving
from tests.ui.browser import Screen, address_has, expect, says

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>\u202e\x1b[31m"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("run")) as found:
        yield found


@pytest.fixture(scope="module")
def store(served: Served) -> Iterator[Store]:
    opened = open_store(served.url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def run(served: Served, store: Store, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run with a history, hostile texts, artifacts and a child."""
    made = store.create_run("0", run_name="night shift", tags=[Tag("owner", "ada")])
    run_id = made.info.run_id
    for step in range(50):
        store.log_batch(run_id, metrics=[Metric("loss", 1 / (step + 1), 1000 + step, step)])
    store.log_batch(
        run_id,
        metrics=[Metric("nan", float("nan"), 1, 0)],
        params=[Param("model", "gpt-4o"), Param("hostile", HOSTILE), Param("long", "x" * 5000)],
    )
    store.create_run("0", run_name="inner", tags=[Tag("mlflow.parentRunId", run_id)])
    files = tmp_path_factory.mktemp("files")
    (files / "deep").mkdir()
    (files / "deep" / "page.html").write_text(f"<h1>hello</h1>{HOSTILE}")
    (files / "settings.json").write_text('{"a": [1, 2]}')
    (files / "big.txt").write_text("line\n" * 600_000)
    (files / "dot.png").write_bytes(PNG)
    (files / "bad.txt").write_bytes(b"caf\xe9 \xff")
    Client(served.url).log_artifacts(run_id, str(files))
    return run_id


def opened(screen: Screen, served: Served, run: str, query: str = "") -> Any:
    page = screen.open(f"{served.url}/runs/{run}{query}")
    page.get_by_role("heading", name="night shift").wait_for()
    return page


def test_a_run_shows_what_was_logged_to_it_as_text(screen: Screen, served: Served, run: str) -> None:
    page = opened(screen, served, run)
    params = page.get_by_role("region", name="Params")
    params.get_by_text("<img src=x onerror").wait_for()
    says(params, "⟨U+202E⟩")
    assert page.locator("main img").count() == 0
    expect(page).to_have_title("night shift · Quire")
    page.get_by_role("region", name="Metrics").get_by_text("NaN", exact=True).wait_for()
    page.get_by_role("link", name="inner").wait_for()
    says(page.get_by_role("region", name="In Python"), f'quire.get_run("{run}")')
    screen.look("overview")


def test_metrics_have_charts_with_their_numbers_beside(screen: Screen, served: Served, run: str) -> None:
    page = opened(screen, served, run, "?tab=charts")
    chart = page.get_by_role("img", name="loss by step, 1 runs")
    chart.wait_for()
    page.get_by_label("Logarithmic").check()
    page.get_by_label("Smoothing").fill("0.6")
    page.get_by_text("Last values").first.click()
    page.get_by_text("step 49").wait_for()
    page.get_by_text("No run that is shown has numbers of it").wait_for()
    screen.look("charts")


def test_artifacts_are_looked_at_and_none_is_run(screen: Screen, served: Served, run: str) -> None:
    page = opened(screen, served, run, "?tab=artifacts")
    tree = page.get_by_role("navigation", name="Artifacts")
    tree.get_by_role("button", name="deep").click()
    tree.get_by_role("button", name="page.html").click()
    page.get_by_text("<h1>hello</h1>").wait_for()
    expect(page).to_have_title("night shift · Quire")
    address_has(page, "file=deep%2Fpage.html")
    page.reload()
    page.get_by_text("<h1>hello</h1>").wait_for()
    screen.look("artifacts")
    tree.get_by_role("button", name="settings.json").click()
    page.get_by_text('"a": [').wait_for()
    tree.get_by_role("button", name="bad.txt").click()
    page.get_by_text("caf\ufffd").wait_for()
    tree.get_by_role("button", name="big.txt").click()
    page.get_by_text("The first 2.00 MB of 3.00 MB").wait_for()
    tree.get_by_role("button", name="dot.png").click()
    picture = page.get_by_role("img", name="dot.png")
    picture.wait_for()
    assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") == 1


def test_tags_are_set_edited_and_removed(screen: Screen, served: Served, store: Store, run: str) -> None:
    page = opened(screen, served, run, "?tab=tags")
    page.get_by_label("Key").fill("note")
    page.get_by_label("Value").fill("first")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_role("button", name="Edit note").click()
    page.get_by_label("Value").fill("second")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_role("region", name="Tags", exact=True).get_by_text("second").wait_for()
    assert store.get_run(run).data.tags["note"] == "second"
    screen.look("tags")
    page.get_by_role("button", name="Remove note").click()
    page.get_by_role("button", name="Remove note").wait_for(state="detached")
    assert "note" not in store.get_run(run).data.tags


def test_a_run_is_deleted_and_restored_with_a_reason(screen: Screen, served: Served, store: Store) -> None:
    made = store.create_run("0", run_name="night shift").info.run_id
    page = opened(screen, served, made)
    for act, stage in (("Delete", "deleted"), ("Restore", "active")):
        page.get_by_role("button", name=act, exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill(f"to {act}")
        dialog.get_by_role("button", name=act, exact=True).click()
        dialog.wait_for(state="hidden")
        assert store.get_run(made).info.lifecycle_stage == stage


def test_a_run_that_there_is_not_says_so(screen: Screen, served: Served) -> None:
    page = screen.open(f"{served.url}/runs/{'0' * 32}")
    page.get_by_role("alert").get_by_text("Not found").wait_for()


def test_a_run_without_artifacts_says_the_command(screen: Screen, served: Served, store: Store) -> None:
    made = store.create_run("0", run_name="night shift").info.run_id
    page = opened(screen, served, made, "?tab=artifacts")
    page.get_by_text("No artifacts").wait_for()
