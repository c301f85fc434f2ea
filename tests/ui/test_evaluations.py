"""Evaluations in the browser, on recorded answers to GSM8K: verdict, differences, rows, review by keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import quire
from quire.scorers import ExactAnswer
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, expect, says

A, B = "175b_finetuning", "175b_verification"


class Gsm8k:
    """A server with the evaluation of two models on 800 questions."""

    def __init__(self, url: str, run_id: str) -> None:
        self.url, self.run_id = url, run_id

    @property
    def page(self) -> str:
        return f"{self.url}/evaluations/{self.run_id}"


@pytest.fixture(scope="module")
def gsm8k(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gsm8k]:
    text = (shared / "data" / "gsm8k_recorded.jsonl").read_text(encoding="utf-8")
    recorded = {row["question"]: row for row in map(json.loads, text.splitlines())}

    def answers_of(model: str) -> Any:
        @quire.trace(name=model)
        def answer(question: str) -> str:
            return str(recorded[question][model]["solution"])

        return answer

    data = [
        {"inputs": {"question": question}, "expectations": {"expected_response": row["ground_truth"]}}
        for question, row in recorded.items()
    ]
    with QuireServer(tmp_path_factory.mktemp("gsm8k")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUIRE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        quire.set_tracking_uri(server.url)
        quire.set_experiment("gsm8k")
        variants = {A: answers_of(A), B: answers_of(B)}
        run_name = "GSM8K: verified against fine-tuned"
        evaluation = quire.evaluate(
            data, variants, [ExactAnswer()], primary="exact_answer", run_name=run_name, log_assessments=False
        )
        quire.flush_trace_async_logging()
        yield Gsm8k(server.url, evaluation.run_id)
    quire.set_tracking_uri(None)


def test_the_verdict_comes_first_then_differences_then_rows(screen: Screen, gsm8k: Gsm8k) -> None:
    page = screen.open(f"{gsm8k.url}/evaluations")
    page.get_by_role("link", name="GSM8K: verified against fine-tuned").click()
    page.get_by_role("heading", name=f"{B} is better than {A} on exact_answer, at 95% confidence.").wait_for()
    page.get_by_text("With 95% confidence the true difference lies in [+19.7, +27.1] pts.").wait_for()
    row = page.get_by_role("row", name="exact_answer primary")
    says(row, "+23.4 pts")
    says(row, "227, 40, 533")
    page.get_by_role("heading", name="267 shown").wait_for()
    screen.look("evaluation")


def test_scores_are_compared_with_people_and_the_rows_they_contradict_are_one_click_away(
    screen: Screen, gsm8k: Gsm8k
) -> None:
    api = f"{gsm8k.url}/api/quire/v1/evaluations/{gsm8k.run_id}"
    with httpx.Client() as client:
        for index in range(20, 32):
            for answer in client.get(f"{api}/rows/{index}").json()["answers"]:
                right = answer["scores"][0]["value"]
                turned = index in (23, 29) and answer["side"] == "b"
                place = {"variant": answer["variant"], "index": index}
                said = [("Cleo", (1 if right else 5) if turned else (5 if right else 2))]
                said += [("Bob", right)] if index < 26 else []
                for by, value in said:
                    assert client.post(f"{api}/rate", json={**place, "by": by, "value": value}).status_code == 200
        asked = client.get(f"{api}/agreement").json()["questions"][0]
        shown = client.get(f"{api}/rows?outcome=contradicted").json()["total"]
    found = asked["scores"][0]
    page = screen.open(gsm8k.page)
    people = page.get_by_role("region", name="Scores against people")
    score = people.get_by_role("article", name="exact_answer against people")
    people.get_by_text(f"{asked['answers']} answers judged by Cleo (24), Bob (12)").wait_for()
    people.get_by_text("People among themselves: alpha").wait_for()
    score.get_by_text(f"Kappa {found['total']['kappa']:.2f} (").wait_for()
    score.get_by_text("Who said what").click()
    score.get_by_role("region", name="exact_answer by person").get_by_role("row", name="Bob").wait_for()
    score.scroll_into_view_if_needed()
    screen.look("people")
    screen.narrow()
    score.scroll_into_view_if_needed()
    screen.shot("people-card-narrow")
    screen.wide()
    score.get_by_role("link", name=f"{found['apart']} answer").click()
    page.wait_for_url("**outcome=contradicted**")
    page.get_by_role("heading", name=f"{shown} shown").wait_for()
    expect(page.get_by_role("combobox", name=re.compile("^Show"))).to_have_value("contradicted")
    page.get_by_label("Good from").select_option("2 of 5")
    page.wait_for_url(re.compile("good=%222"))
    score.get_by_text("Ratings of 2 and more count as good.").wait_for()
    page.reload()
    score.get_by_text("Ratings of 2 and more count as good.").wait_for()


def test_rows_are_gone_through_rated_and_commented_by_keys(screen: Screen, gsm8k: Gsm8k) -> None:
    page = screen.open(gsm8k.page)
    page.get_by_role("row", name="no → yes").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="1 of 267").wait_for()
    page.keyboard.press("j")
    page.get_by_role("status").filter(has_text="2 of 267").wait_for()
    answer = page.get_by_role("region", name=f"Answer of {B}")
    answer.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    answer.get_by_label("Your name").wait_for(state="hidden")
    page.keyboard.press("4")
    answer.get_by_role("list", name="Ratings by people").get_by_text("4 of 5").wait_for()
    page.keyboard.press("c")
    page.keyboard.type("Says how it comes to it.")
    page.keyboard.press("Control+Enter")
    answer.get_by_role("list", name="Ratings by people").get_by_text("Says how it comes to it.").wait_for()
    screen.look("row")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    other = page.get_by_role("region", name=f"Answer of {A}")
    page.wait_for_url("**side=a**")
    page.keyboard.press("x")
    other.get_by_role("list", name="Ratings by people").get_by_text("bad").wait_for()
    page.keyboard.press("d")
    page.get_by_role("group", name="Before").wait_for()
    screen.look("row-differences")
    page.keyboard.press("k")
    page.get_by_role("status").filter(has_text="1 of 267").wait_for()
    page.reload()
    page.get_by_role("status").filter(has_text="1 of 267").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="267 shown").wait_for()
    answers = httpx.get(f"{gsm8k.url}/api/quire/v1/evaluations/{gsm8k.run_id}/rows/1").json()["answers"]
    assert [[(one["by"], one["value"]) for one in answer["ratings"]] for answer in answers] == [
        [("Ada", False)],
        [("Ada", 4)],
    ]
