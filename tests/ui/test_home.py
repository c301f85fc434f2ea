"""The first page: what changed, each part with links to where it is; first steps in an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import quire
from quire.domain.ids import now_ms
from quire.domain.promotions import Promotion, promotion_tag
from quire.scorers import ExactMatch
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, says

ML = "/api/2.0/mlflow"
API = "/api/quire/v1"
DAY = 86_400_000
LONG = "a run whose name goes on and on " * 8


def post(server: str, path: str, body: Any) -> Any:
    answer = httpx.post(server + path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def run(server: str, name: str, *, started: int = 0, status: str = "") -> str:
    body = {"experiment_id": "0", "start_time": started or now_ms() - 60_000, "run_name": name}
    made = str(post(server, f"{ML}/runs/create", body)["run"]["info"]["run_id"])
    if status:
        post(server, f"{ML}/runs/update", {"run_id": made, "status": status, "end_time": now_ms()})
    return made


def traced(name: str, *, fails: str = "", cost: float = 0.25) -> None:
    with quire.start_span(name=name) as span:
        span.set_outputs("a word")
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 300, "output_tokens": 4, "total_tokens": 304})
        span.set_attribute("mlflow.llm.cost", {"total_cost": cost})
        if fails:
            span.record_exception(ValueError(fails))
            span.set_status("ERROR")


def fill(server: str) -> dict[str, str]:
    """A day of work: what it made, by what it is."""
    made = {"ok": run(server, "a good run", status="FINISHED"), "failed": run(server, LONG, status="FAILED")}
    run(server, "of last week", started=now_ms() - 5 * DAY, status="FINISHED")
    post(server, f"{ML}/registered-models/create", {"name": "joker"})
    for _ in range(2):
        post(server, f"{ML}/model-versions/create", {"name": "joker", "source": "s3://bucket/x"})
    moved = Promotion(name="joker", alias="champion", old="1", new="2", at=now_ms(), by="ada", reason="4 points better")
    tag = promotion_tag(moved)
    post(server, f"{ML}/registered-models/set-tag", {"name": "joker", "key": tag.key, "value": tag.value})
    httpx.put(f"{server}{API}/endpoints/e", json={"endpoint": {"name": "e", "model": "models:/joker/1"}})
    arms = [{"name": arm, "model": f"models:/joker/{arm}"} for arm in ("1", "2")]
    spec = {
        "subject": "endpoint:e",
        "arms": arms,
        "metrics": [{"name": "thumb", "low": 0, "high": 1}],
        "stopping": {"metric": "thumb"},
    }
    made["trial"] = post(server, f"{API}/trials", {"spec": spec})["trial"]["trial_id"]
    quire.set_tracking_uri(server)
    for _ in range(3):
        traced("answer", fails="no such city <img src=x onerror=alert(1)>")
        traced("answer")
    quire.flush_trace_async_logging()
    quire.evaluate(
        [{"inputs": {"n": n}, "expectations": {"expected_response": str(n)}} for n in range(30)],
        {"right": lambda n: str(n), "wrong": lambda n: "no"},
        scorers=[ExactMatch()],
        run_name="right against wrong",
    )
    quire.review.create_queue("look at these", "good").add_traces(quire.search_traces(return_type="list"))
    said = {"subject_kind": "run", "subject_id": made["ok"], "text": "@grace **see** this", "author": "ada"}
    made["comment"] = post(server, f"{API}/comments", said)["comment"]["comment_id"]
    quire.set_tracking_uri(None)
    return made


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A server after a day of work, and what was made."""
    with QuireServer(tmp_path_factory.mktemp("busy")) as server:
        yield server.url, fill(server.url)


def test_each_change_is_told_and_leads_to_where_it_is(screen: Screen, busy: tuple[str, dict[str, str]]) -> None:
    server, made = busy
    page = screen.open(server)
    page.evaluate("localStorage.setItem('quire-name', 'grace')")
    page.reload()
    parts = {
        "Runs": [f"/runs/{made['ok']}", f"/runs/{made['failed']}"],
        "Promotions and aliases": ["/models/joker"],
        "Trials": [f"/trials/{made['trial']}"],
        "Errors": ["/traces/tr-"],
        "Mentions": [f"/runs/{made['ok']}#comment-{made['comment']}"],
        "Waiting for review": ["/review/"],
        "Evaluations": ["/evaluations/"],
    }
    for name, addresses in parts.items():
        card = page.get_by_role("region", name=name, exact=True)
        card.wait_for()
        links = card.get_by_role("link").evaluate_all("all => all.map((link) => link.getAttribute('href'))")
        for address in addresses:
            assert any(address in link for link in links), (name, address, links)
    said = page.get_by_role("region", name="Promotions and aliases").inner_text()
    assert "version 1 → version 2 by ada: 4 points better" in said
    says(page.get_by_role("region", name="Errors", exact=True), "3 ×")
    page.get_by_role("region", name="Evaluations").get_by_text("is worse").wait_for()
    spent = page.get_by_role("region", name="Cost and errors")
    says(spent, "$1.50")
    spent.locator("canvas").nth(1).wait_for()
    screen.look("busy")


def test_mentions_are_unread_until_they_were_seen(screen: Screen, busy: tuple[str, dict[str, str]]) -> None:
    server, made = busy
    said = {"subject_kind": "run", "subject_id": made["ok"], "author": "ada"}
    for number in range(2):
        post(server, f"{API}/comments", {**said, "text": f"@hopper look at number {number}"})
    page = screen.open(server)
    page.evaluate("localStorage.setItem('quire-name', 'hopper')")
    page.reload()
    card = page.get_by_role("region", name="Mentions", exact=True)
    card.get_by_text("2 unread").wait_for()
    screen.shot("unread")
    card.get_by_role("link").first.click()
    page.wait_for_url("**/runs/*")
    page.get_by_role("article").get_by_text("look at number 1").wait_for()
    page.wait_for_function("localStorage.getItem('quire-read-hopper') !== null")
    page.go_back()
    card.get_by_role("link").first.wait_for()
    card.get_by_text("2 unread").wait_for(state="detached")
    post(server, f"{API}/comments", {**said, "text": "@hopper and number 2"})
    card.get_by_text("1 unread").wait_for()
    card.get_by_role("button", name="Mark all as read").click()
    card.get_by_text("unread").first.wait_for(state="detached")
    page.reload()
    card.get_by_role("link").nth(2).wait_for()
    assert "unread" not in card.inner_text()


@pytest.mark.slow
def test_review_queues_wait_with_how_much_is_left(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> None:
    with QuireServer(tmp_path_factory.mktemp("queues")) as server:
        quire.set_tracking_uri(server.url)
        traces = []
        for number in range(2):
            with quire.start_span("answer") as span:
                span.set_outputs(number)
            traces.append(span.trace_id)
        quire.flush_trace_async_logging()
        queue = quire.review.create_queue("two to look at", "good", reviewers=["hopper"])
        queue.add_traces(traces)
        empty = quire.review.create_queue("nothing in it", "good", reviewers=["hopper"])
        page = screen.open(server.url)
        page.evaluate("localStorage.setItem('quire-name', 'hopper')")
        page.reload()
        card = page.get_by_role("region", name="Waiting for review")
        card.get_by_text("2 left for you").wait_for()
        card.get_by_text(empty.name).wait_for(state="detached")
        queue.label(next(iter(queue.items)), "hopper", True)
        card.get_by_text("1 left for you").wait_for()
        screen.shot("waiting")
        quire.set_tracking_uri(None)


def test_another_time_is_chosen_and_stands_in_the_address(screen: Screen, busy: tuple[str, dict[str, str]]) -> None:
    page = screen.open(busy[0])
    page.get_by_role("region", name="Runs", exact=True).wait_for()
    assert page.get_by_text("of last week").count() == 0
    page.get_by_role("button", name="7 days").click()
    page.wait_for_url("**/?span=week")
    page.get_by_text("of last week").wait_for()
    page.get_by_label("since").fill("2026-01-05T07:00")
    page.wait_for_url("**/?since=*")
    page.go_back()
    page.wait_for_url("**/?span=week")


def test_a_new_run_appears_by_itself(screen: Screen, busy: tuple[str, dict[str, str]]) -> None:
    server, _ = busy
    page = screen.open(server)
    page.get_by_role("region", name="Runs", exact=True).wait_for()
    page.get_by_text("Live", exact=True).wait_for()
    run(server, "one more")
    page.get_by_text("one more").wait_for()


def test_an_empty_store_shows_the_first_steps(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> None:
    with QuireServer(tmp_path_factory.mktemp("empty"), static_prefix="/below") as server:
        page = screen.open(f"{server.url}/below/")
        page.get_by_text("This store is empty").wait_for()
        code = page.get_by_role("region", name="code that tracks a run")
        says(code, f'set_tracking_uri("{server.url}/below")')
        screen.look("empty")
        run(f"{server.url}/below", "the first")
        page.get_by_text("the first").wait_for()


@pytest.mark.slow
def test_a_server_that_went_away_is_told_of(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> None:
    with QuireServer(tmp_path_factory.mktemp("lost")) as server:
        page = screen.open(server.url)
        page.get_by_text("This store is empty").wait_for()
        server.stop()
        page.get_by_text("the server cannot be reached").wait_for()
        server.start()
        page.get_by_text("Live", exact=True).wait_for()
    screen.problems.clear()  # the browser says that its connection was refused
