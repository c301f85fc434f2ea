"""Review queues over the server: handed out, answered, taken back, blind, and never to two where one is enough."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import quire
from tests.postgres import create_database, drop_database
from tests.server.conftest import Served, serving

DATA = [{"inputs": {"number": n}, "expectations": {"answer": str(n * 2)}} for n in range(12)]


def right(outputs: Any, expectations: Any) -> bool:
    return bool(outputs == expectations["answer"])


class Reviews:
    """A server with an evaluation of two variants, ``plain`` and ``wordy``."""

    def __init__(self, served: Served, run_id: str) -> None:
        self.served, self.run_id = served, run_id
        self._made = 0

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = self.served.call(method, f"/api/quire/v1/reviews{path}", body)
        assert answer.status == status, answer.body.decode()[:2000]
        return answer.json

    def make(self, status: int = 200, **fields: Any) -> Any:
        self._made += 1
        given = {"name": f"queue {self._made}", "run_id": self.run_id, "questions": [{"name": "good"}], **fields}
        made = self.ask("POST", "", given, status=status)
        return made if status != 200 else made["queue"]["queue_id"]

    def next(self, queue: str, reviewer: str) -> Any:
        return self.ask("POST", f"/{queue}/next", {"reviewer": reviewer})

    def answer(self, queue: str, item: str, reviewer: str, *, status: int = 200, **fields: Any) -> Any:
        return self.ask("POST", f"/{queue}/items/{item}/answer", {"reviewer": reviewer, **fields}, status=status)

    def go_through(self, queue: str, reviewer: str, said: Callable[[Any], Any], question: str = "good") -> list[str]:
        """Answer all that a reviewer is given; the items in order."""
        seen: list[str] = []
        given = self.next(queue, reviewer)
        while given.get("item"):
            item = given["item"]
            seen.append(item["item_id"])
            given = self.answer(queue, item["item_id"], reviewer, answers=[{"question": question, "value": said(item)}])
        return seen


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviews]:
    folder = tmp_path_factory.mktemp("reviews")
    options: dict[str, Any] = {}
    uri = None
    if request.param == "postgres":
        uri = create_database(request.getfixturevalue("postgres_place"))
        options = {"backend_store_uri": uri, "artifact_root": str(folder / "files")}
    with serving(folder, **options) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUIRE_CACHE_DIR", str(folder / "cache"))
        quire.set_tracking_uri(served.url)
        quire.set_experiment("reviews")

        @quire.trace
        def plain(number: int) -> str:
            return str(number * 2)

        @quire.trace
        def wordy(number: int) -> str:
            return f"It is {number * 2}" if number % 2 else str(number * 2)

        evaluation = quire.evaluate(DATA, {"plain": plain, "wordy": wordy}, [right], run_name="evaluation")
        quire.flush_trace_async_logging()
        yield Reviews(served, evaluation.run_id)
    quire.set_tracking_uri(None)
    if uri is not None:
        drop_database(uri)


@pytest.fixture(autouse=True)
def workspace(made: Reviews) -> None:
    quire.set_tracking_uri(made.served.url)


def test_a_queue_of_an_evaluation_is_gone_through_item_by_item(made: Reviews) -> None:
    queue = made.make(name="answers", b="wordy", blind=False, order="record")
    given = made.next(queue, "ada")
    assert (given["items"], given["mine"], given["item"]["variant"]) == (12, 0, "wordy")
    assert given["item"]["trace_id"].startswith("tr-")
    seen = made.go_through(queue, "ada", lambda item: not item["outputs"].startswith("It is"))
    assert len(set(seen)) == 12
    last = made.next(queue, "ada")
    assert (last["mine"], last["done"], last.get("item")) == (12, 12, None)
    found = made.ask("GET", f"/{queue}")
    assert (found["items"], found["done"], found["by_reviewer"], found["scores"]) == (12, 12, {"ada": 12}, ["right"])
    assert next(one["name"] for one in made.ask("GET", "")["queues"]) == "answers"


def test_answers_are_feedback_of_a_person_on_the_trace_of_the_answer(made: Reviews) -> None:
    queue = made.make(questions=[{"name": "stars", "choices": [1, 2, 3]}], most=1, b="wordy", blind=False)
    item = made.next(queue, "ada")["item"]
    said = [{"question": "stars", "value": 2, "comment": "Plain."}]
    for _time in range(2):
        made.answer(queue, item["item_id"], "ada", answers=said)
    trace = quire.get_trace(item["trace_id"])
    assert trace is not None
    (stored,) = trace.search_assessments(name="stars")
    assert (stored.value, stored.rationale, stored.source.source_type) == (2, "Plain.", "HUMAN")
    made.answer(queue, item["item_id"], "ada", answers=[{"question": "stars", "value": 3}])
    shown = made.ask("GET", f"/{queue}/items/{item['item_id']}?reviewer=ada")
    assert [(one["question"], one["value"]) for one in shown["said"]] == [("stars", 3)]


def test_pairs_name_no_variant_before_they_are_judged_and_are_shown_in_either_order(made: Reviews) -> None:
    queue = made.make(pairs=True, a="plain", b="wordy", blind=False)
    orders = set()

    def prefer_words(item: Any) -> str:
        if item["first"] == item["second"]:
            return "tie"
        orders.add(item["first"].startswith("It is"))
        return "first" if item["first"].startswith("It is") else "second"

    first = made.served.call("POST", f"/api/quire/v1/reviews/{queue}/next", {"reviewer": "ada"})
    assert b"plain" not in first.body
    assert b"wordy" not in first.body
    assert b"tr-" not in first.body
    for reviewer in ("ada", "bob"):
        made.go_through(queue, reviewer, prefer_words)
    assert orders == {True, False}
    found = made.ask("GET", f"/{queue}/agreement")
    assert (found["wins"], found["ties"]) == ({"plain": 0, "wordy": 12}, 12)
    assert [(one["first"], one["second"], one["alike"]) for one in found["agreements"]] == [("ada", "bob", 1.0)]
    assert [one["variant"] for one in found["ranking"]] == ["wordy", "plain"]


def test_agreement_is_that_of_people_and_with_the_scores_of_the_evaluation(made: Reviews) -> None:
    queue = made.make(b="wordy", order="record")
    made.go_through(queue, "ada", lambda item: not item["outputs"].startswith("It is"))
    made.go_through(queue, "bob", lambda item: len(item["outputs"]) > 1)
    found = made.ask("GET", f"/{queue}/agreement")
    pairs = {(one["first"], one["second"]): one for one in found["agreements"]}
    assert pairs["ada", "right"]["kappa"] == 1
    assert (pairs["ada", "right"]["is_score"], pairs["ada", "bob"]["is_score"]) == (True, False)
    assert pairs["ada", "bob"]["kappa"] < 0.5
    assert found["labels"] == 24


def test_an_item_is_given_to_one_reviewer_where_one_is_enough(made: Reviews) -> None:
    """Six reviewers at once: each item is answered once, and nobody is given what another has in hand."""
    queue = made.make(per_item=1)
    seen: dict[str, list[str]] = {f"reviewer {n}": [] for n in range(6)}
    start = threading.Barrier(len(seen))

    def review(name: str) -> None:
        start.wait()
        seen[name] += made.go_through(queue, name, lambda item: True)

    threads = [threading.Thread(target=review, args=(name,)) for name in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = [item for items in seen.values() for item in items]
    assert len(given) == len(set(given))
    # Reviewers who met may have left an item to each other; whoever comes next is given it.
    given += made.go_through(queue, "last", lambda item: True)
    assert (len(given), made.ask("GET", f"/{queue}")["done"]) == (12, 12)


def test_answers_are_taken_back_and_items_skipped(made: Reviews) -> None:
    queue = made.make(most=2)
    item = made.next(queue, "ada")["item"]["item_id"]
    after = made.answer(queue, item, "ada", skip=True, comment="I cannot tell.")
    assert (after["mine"], after["item"]["item_id"] == item) == (1, False)
    undone = made.ask("POST", f"/{queue}/undo", {"reviewer": "ada"})
    assert (undone["item"]["item_id"], undone["item"]["said"]) == (item, [])
    assert made.next(queue, "ada")["mine"] == 0
    nothing = made.ask("POST", f"/{queue}/undo", {"reviewer": "ada"})
    assert (nothing.get("item"), nothing["mine"], nothing["left"]) == (None, 0, 2)


def test_what_was_skipped_is_given_again(made: Reviews) -> None:
    queue = made.make(most=2)
    for _time in range(2):
        item = made.next(queue, "ada")["item"]["item_id"]
        after = made.answer(queue, item, "ada", skip=True)
    assert (after.get("item"), after["left"]) == (None, 0)
    again = made.ask("POST", f"/{queue}/undo", {"reviewer": "ada", "skipped": True})
    assert (again["left"], again["mine"], bool(again["item"])) == (2, 0, True)
    assert made.ask("POST", f"/{queue}/undo", {"reviewer": "bob", "skipped": True}).get("item") is None


def test_answers_that_meet_others_are_stored_and_said(made: Reviews) -> None:
    queue = made.make(most=1, per_item=1)
    item = made.next(queue, "ada")["item"]["item_id"]
    elsewhere = quire.review.open_queue(queue)
    elsewhere.label(item, "bob", True)
    late = made.answer(queue, item, "ada", answers=[{"question": "good", "value": False}])
    assert late["late"] is True
    again = made.answer(queue, item, "ada", answers=[{"question": "good", "value": True}])
    assert [(one["question"], one["value"]) for one in again["replaced"]] == [("good", False)]
    assert not again.get("late")
    assert {label.reviewer: label.value for label in elsewhere.labels()} == {"ada": True, "bob": True}


def test_a_closed_queue_hands_out_nothing_until_it_is_opened_again(made: Reviews) -> None:
    queue = made.make(most=2)
    item = made.next(queue, "ada")["item"]["item_id"]
    closed = made.ask("POST", f"/{queue}/close", {"reason": "enough was said"})
    assert (closed["status"], closed["reason"]) == ("FINISHED", "enough was said")
    assert "is closed" in made.ask("POST", f"/{queue}/next", {"reviewer": "ada"}, status=400)["message"]
    after = made.answer(queue, item, "ada", answers=[{"question": "good", "value": True}])
    assert (after["mine"], after.get("item")) == (1, None), "what was under way is not lost"
    assert made.ask("GET", f"/{queue}?reviewer=ada")["left"] == 0
    opened = made.ask("POST", f"/{queue}/reopen", {"reason": "more came"})
    assert (opened["status"], opened["reason"]) == ("RUNNING", "more came")
    assert made.next(queue, "ada")["left"] == 1
    assert "reason" in made.ask("POST", f"/{queue}/close", {}, status=400)["message"]
    assert "no review queue" in made.ask("POST", f"/{made.run_id}/close", {"reason": "x"}, status=404)["message"]


def test_what_was_taken_back_is_given_to_nobody_else(made: Reviews) -> None:
    queue = made.make(most=2, per_item=1)
    (first, second) = (made.next(queue, name)["item"]["item_id"] for name in ("ada", "bob"))
    made.answer(queue, first, "ada", answers=[{"question": "good", "value": True}])
    made.ask("POST", f"/{queue}/undo", {"reviewer": "ada"})
    given = made.answer(queue, second, "bob", answers=[{"question": "good", "value": True}])
    assert given.get("item") is None
    assert made.next(queue, "ada")["item"]["item_id"] == first


def test_a_queue_of_traces_is_answered_where_the_traces_are(made: Reviews) -> None:
    with quire.start_span("call") as span:
        span.set_inputs({"question": "Why?"})
        span.set_outputs("Because.")
    quire.flush_trace_async_logging()
    trace = quire.get_trace(span.trace_id)
    assert trace is not None
    experiment = trace.info.experiment_id
    queue = made.make(run_id="", trace_ids=[span.trace_id], experiment_id=experiment)
    assert made.next(queue, "ada")["item"]["outputs"] == "Because."


def answered(question: str, answer: str | None, **labels: str) -> str:
    """The id of a trace of a question, with labels that say what answered."""
    with quire.start_span("call") as span:
        span.set_inputs({"model": "any", "messages": [{"role": "user", "content": question}]})
        if answer is not None:
            span.set_outputs(answer)
        quire.update_current_trace(metadata=labels)
    quire.flush_trace_async_logging()
    return str(span.trace_id)


def test_traces_are_added_to_a_queue_that_there_is(made: Reviews) -> None:
    first, second, silent = answered("Why?", "So."), answered("How?", "Thus."), answered("When?", None)
    queue = made.make(run_id="", trace_ids=[first], experiment_id="0")
    added = made.ask("POST", f"/{queue}/items", {"trace_ids": [first, second, silent]})
    assert (added["added"], added["already"], added["unanswered"]) == (1, 1, 1)
    assert added["queue"]["queue_id"] == queue
    assert len(made.go_through(queue, "ada", lambda item: True)) == 2
    assert "no trace" in made.ask("POST", f"/{queue}/items", {"trace_ids": ["tr-" + "0" * 32]}, status=404)["message"]
    assert "trace_ids" in made.ask("POST", f"/{queue}/items", {"trace_ids": []}, status=400)["message"]
    assert "no review queue" in made.ask("POST", f"/{made.run_id}/items", {"trace_ids": [first]}, status=404)["message"]


def test_traces_that_were_asked_the_same_are_compared(made: Reviews) -> None:
    arms = {"quire.model_version": "m/1"}, {"quire.model_version": "m/2"}
    why = [answered("Why?", "short", **arms[0]), answered("Why?", "at length", **arms[1])]
    alone = [answered("How?", "short", **arms[0]), answered("When?", "at length", **arms[1])]
    refused = made.make(run_id="", trace_ids=alone, experiment_id="0", pairs=True, status=400)
    assert "No two of these traces" in refused["message"]
    queue = made.make(run_id="", trace_ids=[*why, *alone], experiment_id="0", pairs=True)
    assert made.ask("GET", f"/{queue}")["items"] == 1
    answer = made.served.call("POST", f"/api/quire/v1/reviews/{queue}/next", {"reviewer": "ada"})
    assert b"m/1" not in answer.body
    assert {answer.json["item"]["first"], answer.json["item"]["second"]} == {"short", "at length"}
    made.go_through(queue, "ada", lambda item: "first" if item["first"] == "short" else "second")
    assert made.ask("GET", f"/{queue}/agreement")["wins"] == {"m/1": 1, "m/2": 0}
    more = [answered("Who?", "short", **arms[0]), answered("Who?", "at length", **arms[1])]
    added = made.ask("POST", f"/{queue}/items", {"trace_ids": [*more, *why, alone[0]]})
    assert (added["added"], added["already"], added["unanswered"]) == (1, 1, 1)


def test_how_much_waits_for_a_reviewer_is_told(made: Reviews) -> None:
    queue = made.make(reviewers=["ada", "bob"], per_item=1, most=4)
    assert made.ask("GET", f"/{queue}").get("left") is None
    item = made.next(queue, "ada")["item"]["item_id"]
    assert made.ask("GET", f"/{queue}?reviewer=ada")["left"] == 4
    assert made.ask("GET", f"/{queue}?reviewer=bob")["left"] == 3  # one is in ada's hands
    made.answer(queue, item, "ada", answers=[{"question": "good", "value": True}])
    assert made.ask("GET", f"/{queue}?reviewer=ada")["left"] == 3
    assert made.ask("GET", f"/{queue}?reviewer=eve")["left"] == 0


def test_what_was_answered_through_another_process_is_seen(made: Reviews) -> None:
    queue = made.make(most=1)
    assert made.next(queue, "ada")["item"]
    elsewhere = quire.review.open_queue(queue)
    item = elsewhere.next("ada")
    assert item is not None
    elsewhere.label(item.item_id, "ada", True)
    assert made.next(queue, "ada").get("item") is None


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"questions": []}, 400, "give at least one"),
        ({"run_id": ""}, 400, "run_id"),
        ({"b": "third"}, 404, "no variant 'third'"),
        ({"per_item": 0}, 400, "per_item"),
        ({"most": 1_000_000}, 400, "most"),
        ({"run_id": "", "trace_ids": ["tr-none"]}, 404, "tr-none"),
        ({"run_id": "", "trace_ids": ["tr-" + "0" * 32], "pairs": True}, 404, "no trace"),
    ],
)
def test_what_makes_no_queue_is_refused(made: Reviews, fields: dict[str, Any], status: int, said: str) -> None:
    before = len(made.ask("GET", "?limit=500")["queues"])
    assert said in made.make(status=status, **fields)["message"]
    assert len(made.ask("GET", "?limit=500")["queues"]) == before


def test_only_reviewers_and_answers_that_count_are_taken(made: Reviews) -> None:
    queue = made.make(reviewers=["ada"], most=1)
    item = made.next(queue, "ada")["item"]["item_id"]
    assert "no reviewer" in made.ask("POST", f"/{queue}/next", {"reviewer": "eve"}, status=403)["message"]
    refused = made.answer(queue, item, "ada", status=400, answers=[{"question": "good", "value": "perhaps"}])
    assert "True or False" in refused["message"]
    assert "no answer" in made.answer(queue, item, "ada", status=400)["message"]
    assert "no item" in made.answer(queue, "none", "ada", status=404, skip=True)["message"]
    assert "who reviews" in made.ask("POST", f"/{queue}/next", {}, status=400)["message"]
    assert "no review queue" in made.ask("GET", f"/{made.run_id}", status=404)["message"]
