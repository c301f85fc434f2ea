"""The list of runs: filter, order, columns, selection, and a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quire.domain.entities import Metric, Param, Tag
from quire.store import Store, open_store
from tests.server.conftest import Served, serving
from tests.ui.browser import Screen, address_has, expect, says

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31mred"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("runs")) as found:
        yield found


@pytest.fixture(scope="module")
def store(served: Served) -> Iterator[Store]:
    """The server's store, with 250 runs in ``sweep`` and one hostile run in ``odd``."""
    opened = open_store(served.url)
    sweep, odd = opened.create_experiment("sweep"), opened.create_experiment("odd")
    for number in range(250):
        run = opened.create_run(sweep, run_name=f"run-{number:03}", start_time=1_700_000_000_000 + 1000 * number)
        opened.log_batch(
            run.info.run_id,
            metrics=[Metric("accuracy", (number * 37 % 250) / 250, 1, 0), Metric("loss", 1 / (number + 1), 1, 0)],
            params=[Param("model", f"m{number % 3}"), Param("temperature", "0.7")],
            tags=[Tag("owner", "ada")],
        )
        opened.update_run(run.info.run_id, status="FINISHED", end_time=1_700_000_000_000 + 1000 * number + 500)
    run = opened.create_run(odd, run_name=HOSTILE)
    opened.log_batch(
        run.info.run_id, metrics=[Metric("nan", float("nan"), 1, 0)], params=[Param("long", HOSTILE + "x" * 5000)]
    )
    yield opened
    opened.close()


def names(page: Any) -> list[str]:
    """The names of the runs in sight, from the top."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('[role=row][aria-rowindex]')]
            .filter((row) => row.querySelector('a'))
            .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
            .map((row) => row.querySelector('a').textContent)"""
    )
    return found


def opened(screen: Screen, served: Served, store: Store, name: str = "sweep", query: str = "") -> Any:
    experiment = store.get_experiment_by_name(name)
    assert experiment is not None
    page = screen.open(f'{served.url}/runs?experiments=["{experiment.experiment_id}"]{query}')
    if "view=" not in query:
        page.get_by_role("table", name="Runs").get_by_role("link").first.wait_for()
    return page


def first_is(page: Any, name: str) -> None:
    page.locator('[role=row][aria-rowindex="2"]').get_by_role("link", name=name, exact=True).wait_for()


def test_all_runs_are_in_the_table_and_the_end_is_reached_by_the_scrollbar(
    screen: Screen, served: Served, store: Store
) -> None:
    page = opened(screen, served, store)
    page.get_by_text("250 runs", exact=True).wait_for()
    first_is(page, "run-249")
    assert names(page)[:2] == ["run-249", "run-248"]
    page.get_by_role("region", name="Runs, scrollable").evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
    page.get_by_role("link", name="run-000", exact=True).wait_for()
    screen.look("table")


def test_a_click_on_a_head_puts_in_order_and_the_back_button_undoes_it(
    screen: Screen, served: Served, store: Store
) -> None:
    page = opened(screen, served, store)
    head = page.get_by_role("columnheader", name="accuracy")
    head.get_by_role("button").click()
    first_is(page, "run-027")
    expect(head).to_have_attribute("aria-sort", "descending")
    address_has(page, "sort=metrics.accuracy")
    head.get_by_role("button").click()
    first_is(page, "run-000")
    page.go_back()
    first_is(page, "run-027")
    page.go_back()
    first_is(page, "run-249")


def test_a_filter_is_applied_while_typing_and_its_errors_are_the_servers(
    screen: Screen, served: Served, store: Store
) -> None:
    page = opened(screen, served, store)
    box = page.get_by_label("Filter of runs")
    box.fill("params.model = 'm1' AND metrics.accuracy >= 0.9")
    page.get_by_text("7 runs", exact=True).wait_for()
    address_has(page, "filter=")
    box.fill("accuracy is high")
    alert = page.locator("[role=alert]").filter(has_text="accuracy is high")
    alert.wait_for()
    expect(box).to_have_attribute("aria-invalid", "true")
    screen.look("bad-filter")
    box.fill("metrics.accuracy > 2")
    page.get_by_text("No run matches").wait_for()
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("250 runs", exact=True).wait_for()


def test_columns_are_chosen_and_kept_in_the_address(screen: Screen, served: Served, store: Store) -> None:
    page = opened(screen, served, store)
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("owner").check()
    dialog.get_by_label("loss").uncheck()
    screen.look("columns")
    page.keyboard.press("Escape")
    page.get_by_role("columnheader", name="owner").wait_for()
    expect(page.get_by_role("columnheader", name="loss")).to_have_count(0)
    page.reload()
    page.get_by_role("columnheader", name="owner").wait_for()
    page.get_by_role("cell", name="ada").first.wait_for()


def test_runs_are_selected_by_keyboard_and_in_ranges_then_compared(
    screen: Screen, served: Served, store: Store
) -> None:
    page = opened(screen, served, store)
    page.get_by_text("250 runs", exact=True).wait_for()
    for key in ("j", "x", "j", "j", "X"):
        page.keyboard.press(key)
    page.get_by_text("3 selected").wait_for()
    page.get_by_label("Select run-240").click(modifiers=["Shift"])
    page.get_by_text("10 selected").wait_for()
    page.reload()
    page.get_by_text("10 selected").wait_for()
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url("**/compare?runs=*")


def test_selected_runs_are_deleted_with_a_reason_and_restored(screen: Screen, served: Served, store: Store) -> None:
    experiment = store.create_experiment("doomed")
    runs = [store.create_run(experiment, run_name=f"doomed-{number}") for number in range(3)]
    page = opened(screen, served, store, "doomed")
    page.get_by_label("Select doomed-1").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("a test")
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_text("2 runs", exact=True).wait_for()
    found = store.get_run(runs[1].info.run_id)
    assert (found.info.lifecycle_stage, found.data.tags["quire.deletion.reason"]) == ("deleted", "a test")
    page.get_by_label("Which runs").select_option("deleted")
    page.get_by_label("Select doomed-1").check()
    page.get_by_role("button", name="Restore").click()
    dialog.get_by_label("Reason").fill("another")
    dialog.get_by_role("button", name="Restore").click()
    page.get_by_text("No run is deleted").wait_for()
    assert store.get_run(runs[1].info.run_id).info.lifecycle_stage == "active"


def test_experiments_are_made_renamed_chosen_and_deleted(screen: Screen, served: Served, store: Store) -> None:
    page = opened(screen, served, store)
    page.get_by_role("button", name="Experiments: sweep").click()
    dialog = page.get_by_role("dialog", name="Experiments")
    dialog.get_by_label("Name of a new experiment").fill("fresh")
    dialog.get_by_role("button", name="Create").click()
    dialog.get_by_role("button", name="Rename fresh").click()
    renaming = page.get_by_role("dialog", name="Rename fresh")
    renaming.get_by_label("New name").fill("older")
    renaming.get_by_role("button", name="Rename", exact=True).click()
    dialog.get_by_role("button", name="Delete older").wait_for()
    screen.look("experiments")
    dialog.get_by_role("button", name="Delete older").click()
    asking = page.get_by_role("dialog", name="Delete the experiment older")
    asking.get_by_label("Reason").fill("a test")
    asking.get_by_role("button", name="Delete").click()
    page.get_by_text("The experiment older was deleted").wait_for()
    assert store.get_experiment_by_name("older").lifecycle_stage == "deleted"


def test_names_and_values_of_others_are_text(screen: Screen, served: Served, store: Store) -> None:
    page = opened(screen, served, store, "odd")
    row = page.locator('[role=row][aria-rowindex="2"]')
    says(row, "<img src=x")
    says(row, "NaN")
    assert page.locator("main img").count() == 0
    screen.look("hostile")


def test_runs_that_are_added_appear(screen: Screen, served: Served, store: Store) -> None:
    experiment = store.create_experiment("growing")
    page = screen.open(f'{served.url}/runs?experiments=["{experiment}"]')
    page.get_by_text("No runs yet").wait_for()
    screen.look("empty")


@pytest.mark.slow
def test_a_hundred_thousand_runs_are_scrolled_through(screen: Screen, tmp_path: Path) -> None:
    from bench.filling import fill_runs

    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    experiment = store.create_experiment("many")
    store.close()
    fill_runs(tmp_path / "quire.db", int(experiment), 100_000)
    with serving(tmp_path) as served:
        page = screen.open(f"{served.url}/runs")
        page.get_by_text("100,000 runs", exact=True).wait_for()
        scroller = page.get_by_role("region", name="Runs, scrollable")
        for share in (0.5, 0.999, 0.25, 1):
            scroller.evaluate("(box, share) => box.scrollTo(0, share * box.scrollHeight)", share)
            there = min(100_001, round(share * 100_001) + 5)  # rows that were in sight before do not count
            assert page.locator(f'[role=row][aria-rowindex="{there}"]').get_by_role("link").inner_text()
            page.locator("[role=cell] > span:empty").first.wait_for(state="detached")
            assert len(names(page)) > 20
        page.get_by_role("columnheader", name="accuracy").get_by_role("button").click()
        page.locator('[role=row][aria-rowindex="2"]').get_by_text("1", exact=True).first.wait_for()
        screen.shot("many")


def test_chosen_runs_are_drawn_as_lines_points_and_parallels(screen: Screen, served: Served, store: Store) -> None:
    page = opened(screen, served, store, query="&view=charts")
    page.get_by_role("img", name="accuracy by step, 50 runs").wait_for()
    page.get_by_label("Smoothing").fill("0.5")
    page.wait_for_url("**smooth=0.5**")
    screen.look("charts")
    page.get_by_role("button", name="Scatter").click()
    page.get_by_role("img", name="250 runs: loss over accuracy").wait_for()
    page.get_by_label("Up").select_option("params.model")
    page.get_by_role("img", name="250 runs: model over accuracy").wait_for()
    screen.look("scatter")
    page.get_by_role("button", name="Parallel").click()
    page.get_by_role("img", name="250 runs over accuracy, loss, model, temperature").wait_for()
    screen.look("parallel")
    page.go_back()
    page.get_by_role("img", name="250 runs: model over accuracy").wait_for()
