"""Review in the browser, by keyboard alone: a queue made from GSM8K's evaluation, blind pairs, ratings, agreement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.review import Question, create_queue
from quire.scorers import ExactAnswer
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, expect, says

A, B = "175b_finetuning", "175b_verification"
RECORDS = 40


class Reviewed:
    """A server with an evaluation of two models on some of GSM8K's questions."""

    def __init__(self, url: str, run_id: str) -> None:
        self.url, self.run_id = url, run_id


@pytest.fixture(scope="module")
def server(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    text = (shared / "data" / "gsm8k_recorded.jsonl").read_text(encoding="utf-8")
    recorded = {row["question"]: row for row in map(json.loads, text.splitlines()[:RECORDS])}
    data = [
        {"inputs": {"question": question}, "expectations": {"expected_response": row["ground_truth"]}}
        for question, row in recorded.items()
    ]
    with QuireServer(tmp_path_factory.mktemp("review")) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUIRE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        quire.set_tracking_uri(served.url)
        quire.set_experiment("gsm8k")
        variants = {
            A: lambda question: recorded[question][A]["solution"],
            B: lambda question: recorded[question][B]["solution"],
        }
        evaluation = quire.evaluate(data, variants, [ExactAnswer()], primary="exact_answer", run_name="GSM8K")
        yield Reviewed(served.url, evaluation.run_id)
    quire.set_tracking_uri(None)


@pytest.fixture(autouse=True)
def workspace(server: Reviewed) -> None:
    quire.set_tracking_uri(server.url)
    quire.set_experiment("gsm8k")


def test_blind_pairs_are_judged_by_keys_alone(screen: Screen, server: Reviewed) -> None:
    page = screen.open(f"{server.url}/evaluations/{server.run_id}")
    page.get_by_role("link", name="Review by people").click()
    form = page.get_by_role("form", name="New review queue")
    form.get_by_label("Name", exact=True).fill("Which explains better?")
    form.get_by_label("Most records").fill("3")
    screen.look("new")
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.text()) if "/next" in answer.url else None)
    form.get_by_role("button", name="Make the queue").click()
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="First answer").wait_for()
    assert A not in page.content()
    assert B not in page.content()
    screen.look("pair")
    first = page.get_by_role("region", name="First answer").inner_text()
    for key, done in (("1", 1), ("2", 2)):
        page.keyboard.press(key)
        page.get_by_text(f"{done} of 3", exact=True).wait_for()
    page.keyboard.press("u")
    page.get_by_text("1 of 3", exact=True).wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text("2 of 3", exact=True).wait_for()
    page.keyboard.press("s")
    page.get_by_role("heading", name="Nothing is left for you").wait_for()
    assert first
    assert not [text for text in answers if A in text or B in text]
    page.get_by_role("button", name="Agreement").click()
    page.get_by_role("heading", name="How often each was preferred").wait_for()
    page.get_by_text("Neither: 1").wait_for()
    screen.look("agreement")


def test_ratings_by_two_people_agree_with_the_judge(screen: Screen, server: Reviewed) -> None:
    from quire.evaluate import load_evaluation

    queue = create_queue("Right or wrong?", Question(name="correct", text="Is the answer right?"))
    evaluation = load_evaluation(server.run_id)
    rows = [row for row in evaluation.rows(B) if row.index < 4]
    queue.add_rows(rows, variant=B, run_id=server.run_id)
    for item in queue.items.values():
        queue.label(item.item_id, "Bob", bool(item.scores["exact_answer"]))
    page = screen.open(f"{server.url}/review")
    page.get_by_role("link", name="Right or wrong?").click()
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    for done in range(4):
        page.get_by_text(f"{done} of 4", exact=True).wait_for()
        page.keyboard.press("c")
        page.keyboard.type("I checked it.")
        page.keyboard.press("Enter")
        page.keyboard.press("y")
    page.get_by_role("heading", name="Nothing is left for you").wait_for()
    page.get_by_role("button", name="Agreement").click()
    row = page.get_by_role("row", name="Bob exact_answer score")
    row.wait_for()
    says(row, "100.0 %")
    assert {label.comment for label in queue.labels(reviewer="Ada")} == {"I checked it."}


def test_a_scale_and_words_are_asked_together_on_a_telephone(screen: Screen, server: Reviewed) -> None:
    questions = [
        Question(name="stars", text="How clear is it?", choices=[1, 2, 3, 4, 5]),
        Question(name="why", text="Why?", kind="text"),
    ]
    queue = create_queue("Clear?", questions)
    hostile = "<img src=x onerror=alert(1)> \u202egnirts\u001b[31m " + "long " * 3000
    with quire.start_span("call") as span:
        span.set_inputs({"messages": [{"role": "user", "content": "Why is the sky blue?"}]})
        span.set_outputs({"choices": [{"message": {"role": "assistant", "content": hostile}}]})
    quire.flush_trace_async_logging()
    queue.add_traces([span.trace_id])
    screen.narrow()
    page = screen.open(f"{server.url}/review/{queue.run_id}")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    screen.check_fits()
    screen.shot("narrow")
    page.get_by_role("button", name="4", exact=True).click()
    page.get_by_label("Why?").fill("It names the cause.")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Nothing is left for you").wait_for()
    assert {(label.question, label.value) for label in queue.labels()} == {
        ("stars", 4),
        ("why", "It names the cause."),
    }


def test_a_session_goes_back_skips_and_ends_with_what_was_skipped(screen: Screen, server: Reviewed) -> None:
    from quire.evaluate import load_evaluation

    queue = create_queue("A whole session", [Question(name="grade", text="Grade?", kind="number")])
    queue.add_rows([row for row in load_evaluation(server.run_id).rows(B) if row.index < 3], variant=B)
    page = screen.open(f"{server.url}/review/{queue.run_id}")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name="Grade?")
    field.wait_for()
    page.keyboard.type("7x")
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert page.get_by_role("button", name="Send").count() == 0, "what is no number is no answer"
    field.fill("")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 3", exact=True).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.get_by_text("2 of 3", exact=True).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.get_by_role("heading", name="Nothing is left for you").wait_for()
    screen.look("finished")
    page.keyboard.press("u")
    page.get_by_text("2 of 3", exact=True).wait_for()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Look again at what you skipped").click()
    page.get_by_text("2 of 3", exact=True).wait_for()
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Nothing is left for you").wait_for()
    page.get_by_role("button", name="Look again at what you skipped").click()
    page.get_by_text("You have skipped nothing here.").wait_for()
    page.get_by_role("link", name="See the agreement").click()
    page.wait_for_url("**?view=agreement")
    assert sorted(label.value for label in queue.labels()) == [5, 6, 7]


def test_a_queue_is_closed_with_a_reason_and_opened_again(screen: Screen, server: Reviewed) -> None:
    from quire.evaluate import load_evaluation

    queue = create_queue("Enough", Question(name="right"))
    queue.add_rows([row for row in load_evaluation(server.run_id).rows(B) if row.index < 1], variant=B)
    page = screen.open(f"{server.url}/review/{queue.run_id}?view=agreement")
    page.get_by_role("button", name="Close the queue").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("All was said.")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    page.get_by_role("heading", name="This queue is closed").wait_for()
    page.get_by_text("All was said.").wait_for()
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_role("heading", name="This queue is closed").wait_for()
    screen.look("closed")
    page.get_by_role("button", name="Open it again").click()
    dialog.get_by_label("Reason").fill("One more came.")
    dialog.get_by_role("button", name="Open", exact=True).click()
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Answer").wait_for()


def test_two_reviewers_at_once_are_never_given_the_same_item(
    screen: Screen, chromium: Any, server: Reviewed, request: pytest.FixtureRequest
) -> None:
    from quire.evaluate import load_evaluation

    queue = create_queue("One is enough", Question(name="right"), per_item=1)
    queue.add_rows([row for row in load_evaluation(server.run_id).rows(B) if row.index < 6], variant=B)
    given: dict[str, list[str]] = {"Ada": [], "Bob": []}
    with Screen(chromium, request.node.name) as second:
        pages = {"Ada": screen.page, "Bob": second.page}
        for name, page in pages.items():
            page.on("response", lambda answer, name=name: _note(given[name], answer))
            page.goto(f"{server.url}/review/{queue.run_id}")
            page.get_by_label("Your name").fill(name)
            page.keyboard.press("Enter")
            page.get_by_role("region", name="Answer").wait_for()
        for done in range(1, 4):
            for page in pages.values():
                page.keyboard.press("y")
            for page in pages.values():
                page.wait_for_function("done => document.querySelector('main progress').value >= done", arg=done)
        for page in pages.values():
            page.get_by_role("heading", name="Nothing is left for you").wait_for()
        second.check()
    answers = [(label.item_id, label.reviewer) for label in queue.labels()]
    assert len(answers) == len({item for item, _ in answers}) == 6
    assert {reviewer for _, reviewer in answers} == {"Ada", "Bob"}
    assert not set(given["Ada"]) & set(given["Bob"])


def _note(given: list[str], answer: Any) -> None:
    """Note the item that a server gave to a reviewer."""
    if answer.request.method == "POST" and ("/next" in answer.url or "/answer" in answer.url):
        item = answer.json().get("item")
        if item:
            given.append(item["item_id"])


def test_an_answer_that_meets_another_of_oneself_says_so(screen: Screen, server: Reviewed) -> None:
    from quire.evaluate import load_evaluation

    queue = create_queue("Twice", Question(name="right"))
    queue.add_rows([row for row in load_evaluation(server.run_id).rows(B) if row.index < 1], variant=B)
    page = screen.open(f"{server.url}/review/{queue.run_id}")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Answer").wait_for()
    queue.label(next(iter(queue.items)), "Ada", True)
    page.keyboard.press("n")
    page.get_by_text("You had answered this elsewhere meanwhile: “Yes”").wait_for()
    assert [label.value for label in queue.labels()] == [False]


def test_without_queues_the_page_says_how_to_make_one(screen: Screen, tmp_path: Path) -> None:
    with QuireServer(tmp_path) as empty:
        page = screen.open(f"{empty.url}/review")
        page.get_by_role("heading", name="Nothing waits for review").wait_for()
        screen.look("empty")
