"""Runs side by side: what differs first, the best of each metric, prompts, evaluations row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import quire
from quire.domain.entities import Metric, Param, Tag
from quire.store import Store, open_store
from quire.tracking.client import Client
from tests.server.conftest import Served, serving
from tests.ui.browser import Screen, address_has, expect, says


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("compare")) as found:
        yield found


@pytest.fixture(scope="module")
def store(served: Served) -> Iterator[Store]:
    opened = open_store(served.url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def runs(served: Served, store: Store) -> list[str]:
    """Three runs that used two versions of a prompt."""
    client = Client(served.url)
    client.register_prompt("greet", "Say hello to {{name}}, briefly.")
    client.register_prompt("greet", "Say good morning to {{name}}, <b>briefly</b>.")
    made = []
    for number in range(3):
        run = store.create_run("0", run_name=f"try-{number}").info.run_id
        store.log_batch(
            run,
            metrics=[Metric("accuracy", 0.5 + number / 10, 1, 0), Metric("loss", 1.0 + number, 1, 0)],
            params=[Param("same", "everywhere"), Param("temperature", f"0.{number}")],
            tags=[Tag("owner", "ada")],
        )
        client.link_prompt_version_to_run(run, f"prompts:/greet/{1 if number == 0 else 2}")
        made.append(run)
    return made


def compared(screen: Screen, served: Served, runs: list[str]) -> Any:
    listed = "[" + ",".join(f'"{run}"' for run in runs) + "]"
    page = screen.open(f"{served.url}/compare?runs={listed}")
    page.get_by_role("region", name="Params").first.wait_for()
    return page


def test_what_differs_comes_first_and_the_rest_when_asked(screen: Screen, served: Served, runs: list[str]) -> None:
    page = compared(screen, served, runs)
    params = page.get_by_role("region", name="Params").first
    expect(params.get_by_role("rowheader")).to_have_text(["temperature"], use_inner_text=True)
    page.get_by_label("What is the same too").check()
    params.get_by_role("rowheader", name="same").wait_for()
    expect(params.get_by_role("rowheader")).to_have_text(["temperature", "same"], use_inner_text=True)
    address_has(page, "all=true")
    screen.look("params")


def test_the_best_of_each_metric_is_marked_whichever_way_is_better(
    screen: Screen, served: Served, runs: list[str]
) -> None:
    page = compared(screen, served, runs)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="accuracy"))
    says(row.get_by_role("cell").nth(2), "best")
    loss = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="loss"))
    says(loss.get_by_role("cell").nth(0), "best")
    says(loss.get_by_role("cell").nth(2), "+2")


def test_prompts_are_compared_word_by_word(screen: Screen, served: Served, runs: list[str]) -> None:
    page = compared(screen, served, runs)
    prompts = page.get_by_role("region", name="Prompts")
    prompts.get_by_role("heading", name="greet 1 → greet 2").wait_for()
    assert "good morning" in " ".join(prompts.locator("ins").all_inner_texts())
    says(prompts, "<b>")
    assert prompts.locator("b").count() == 0
    screen.look("prompts")


def test_runs_are_left_out_and_put_first(screen: Screen, served: Served, runs: list[str]) -> None:
    page = compared(screen, served, runs)
    page.get_by_role("button", name="First: try-2").click()
    page.wait_for_url(f"**/compare?runs=*{runs[2]}*{runs[0]}*{runs[1]}*")
    page.get_by_role("button", name="Leave out try-0").click()
    page.get_by_text("2 runs;").wait_for()
    page.go_back()
    page.get_by_text("3 runs;").wait_for()


def test_no_runs_say_how_to_choose_some(screen: Screen, served: Served) -> None:
    page = screen.open(f"{served.url}/compare")
    page.get_by_text("No runs are chosen").wait_for()
    screen.look("none")


def test_a_run_that_there_is_not_is_named(screen: Screen, served: Served, runs: list[str]) -> None:
    page = screen.open(f'{served.url}/compare?runs=["{runs[0]}","{"0" * 32}"]')
    page.get_by_role("alert").get_by_text("No run has the id").wait_for()


def short(number: int) -> str:
    return str(number * 2) if number % 3 else "<script>no</script>"


def long(number: int) -> str:
    return str(number * 2) if number % 5 else "I do not know."


def right(outputs: Any, expectations: Any) -> bool:
    return bool(outputs == expectations["answer"])


@pytest.fixture(scope="module")
def evaluated(served: Served, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The runs of two variants of an evaluation."""
    data = [{"inputs": {"number": n}, "expectations": {"answer": str(n * 2)}} for n in range(40)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUIRE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        quire.set_tracking_uri(served.url)
        try:
            found = quire.evaluate(data, {"short": short, "long": long}, [right])
        finally:
            quire.set_tracking_uri(None)
    return [found.run_ids["short"], found.run_ids["long"]]


def test_evaluated_runs_show_intervals_and_outputs_row_by_row(
    screen: Screen, served: Served, evaluated: list[str]
) -> None:
    page = compared(screen, served, evaluated)
    scores = page.get_by_role("region", name="Scores")
    scores.get_by_role("rowheader", name="right").wait_for()
    says(scores.first, "p ")
    outputs = page.get_by_role("table", name="Outputs")
    outputs.get_by_text("<script>no</script>").first.wait_for()
    screen.look("evaluated")
    page.get_by_role("link", name="Read and rate them").click()
    page.wait_for_url("**/evaluations/*")
