"""People review answers: each item once a person, resumable, blind where wanted, stored as assessments."""

from __future__ import annotations

import json

import pytest

import quire
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from quire.domain.scores import Score, ScoredRow
from quire.review import Question, create_queue, get_queue, search_queues
from quire.stats import cohen_kappa

MLFLOW = pytest.param("mlflow_server", marks=[pytest.mark.mlflow, pytest.mark.slow])


@pytest.fixture(params=["file", "postgres_copy", "quire_server", MLFLOW])
def store(request, tmp_path, monkeypatch):
    """A store of each kind, with an experiment of its own; a real MLflow's server too."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path}/quire.db" if request.param == "file" else request.getfixturevalue(request.param)
    quire.set_tracking_uri(url)
    quire.set_experiment(f"review-{tmp_path.name}-{request.param}")
    return url


@pytest.fixture
def local(tmp_path):
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    quire.set_experiment("review")


def rows(count=3, prefix="answer", **fields):
    return [
        ScoredRow(
            record_id=f"r{n}",
            index=n,
            inputs={"question": f"question {n}"},
            outputs=f"{prefix} {n}",
            expectations={"expected_response": f"right {n}"},
            scores=[Score(name="correct", value=n % 2 == 0)],
            **fields,
        )
        for n in range(count)
    ]


def review(queue, reviewer, answer):
    """Answer all that a reviewer is given, by a function of what is shown; the ids in order."""
    seen = []
    while (item := queue.next(reviewer)) is not None:
        queue.label(item.item_id, reviewer, answer(item))
        seen.append(item.item_id)
    return seen


def test_each_reviewer_gets_each_item_once_and_what_they_say_is_an_assessment(store):
    queue = create_queue("first", "correct", reviewers=["ada", "bob"])
    assert (queue.add_rows(rows(), variant="new").added, len(queue)) == (3, 3)
    for reviewer in ("ada", "bob"):
        assert sorted(review(queue, reviewer, lambda item: "1" not in item.outputs)) == sorted(queue.items)
    assert queue.progress().by_reviewer == {"ada": 3, "bob": 3}
    trace = quire.get_trace(next(iter(queue.items.values())).trace_id)
    found = trace.search_assessments(name="correct")
    assert {(one.source.source_type, one.source.source_id) for one in found} == {("HUMAN", "ada"), ("HUMAN", "bob")}
    assert (trace.data.spans[0].inputs, trace.data.spans[0].outputs) == ({"question": "question 0"}, "answer 0")


def test_another_process_goes_on_where_the_first_stopped(store):
    queue = create_queue("resumed", Question(name="stars", choices=[1, 2, 3]), reviewers="ada")
    queue.add_rows(rows(4), variant="new")
    item = queue.next("ada")
    queue.label(item.item_id, "ada", 3, comment="Well put.")
    again = get_queue("resumed")
    assert again.definition == queue.definition
    assert len(review(again, "ada", lambda item: 1)) == 3
    (label,) = (label for label in again.labels() if label.value == 3)
    assert (label.item_id, label.comment, label.variant, label.record_id) == (
        item.item_id,
        "Well put.",
        "new",
        again.items[item.item_id].record_id,
    )
    queue.refresh()
    assert queue.next("ada") is None


def test_pairs_are_shown_in_an_order_drawn_for_each_person_and_understood_in_either(store):
    queue = create_queue("pairs", "better", reviewers=["ada", "bob"], pairs=True, blind=True)
    added = queue.add_pairs(rows(8, "good"), rows(8, "bad"), a="new", b="old")
    assert added.added == 8
    orders = set()

    def prefer_good(item):
        orders.add(item.first.split()[0])
        assert (item.variants, item.trace_id, item.outputs) == ([], None, None)
        if item.first.endswith(" 7"):
            return "tie"
        return "first" if item.first.startswith("good") else "second"

    for reviewer in ("ada", "bob"):
        review(queue, reviewer, prefer_good)
    assert orders == {"good", "bad"}
    labels = list(queue.labels())
    assert sorted(label.outcome for label in labels) == [0.5] * 2 + [1.0] * 14
    assert {(label.variant, label.other) for label in labels} == {("new", "old")}
    assert {label.value for label in labels} == {"first", "second", "tie"}
    assert [one.name for one in sorted(queue.ranking(), key=lambda one: -one.strength)] == ["new", "old"]


def test_the_trace_of_a_blind_item_names_no_variant(local):
    queue = create_queue("blind", "better", pairs=True, blind=True)
    queue.add_pairs(rows(1, "x"), rows(1, "y"), a="new-model", b="old-model")
    trace = quire.get_trace(next(iter(queue.items.values())).trace_id)
    assert "-model" not in trace.to_json()


def test_traces_are_reviewed_with_the_labels_on_themselves(local):
    with quire.start_span("call") as span:
        span.set_inputs({"question": "Why?"})
        span.set_outputs("Because.")
    with quire.start_span("unanswered") as silent:
        pass
    queue = create_queue("traces", "correct")
    added = queue.add_traces([span.trace_id, silent.trace_id])
    assert (added.added, added.unanswered) == (1, 1)
    item = queue.next("ada")
    assert (item.inputs, item.outputs, item.trace_id) == ({"question": "Why?"}, "Because.", span.trace_id)
    queue.label(item.item_id, "ada", True)
    assert quire.get_trace(span.trace_id).info.assessments[0].value is True
    with pytest.raises(NotFound):
        queue.add_traces(["tr-" + "0" * 32])


def test_rows_that_have_a_trace_keep_it(local):
    with quire.start_span("call") as span:
        span.set_outputs("x")
    queue = create_queue("rows", "correct")
    queue.add_rows(rows(1, trace_id=span.trace_id))
    queue.add_rows(rows(2, trace_id="tr-" + "0" * 32), variant="lost")
    places = [item.trace_id for item in queue.items.values()]
    assert places[0] == span.trace_id
    assert len(set(places)) == 3
    assert "tr-" + "0" * 32 not in places


def test_adding_again_adds_nothing_and_rows_without_an_answer_are_counted(local):
    queue = create_queue("again", "correct")
    failed = ScoredRow(record_id="f", index=9, error="timeout")
    assert queue.add_rows([*rows(), failed], variant="new").unanswered == 1
    second = get_queue("again").add_rows([*rows(), *rows(4)], variant="new")
    assert (second.added, second.already) == (1, 6)
    assert get_queue("again").add_rows(rows(), variant="old").added == 3


def test_items_that_are_added_while_people_review_are_handed_out_too(local):
    queue = create_queue("growing", "correct")
    queue.add_rows(rows(2))
    review(queue, "ada", lambda item: True)
    queue.add_rows(rows(3))
    assert queue.next("ada").outputs == "answer 2"


def test_an_item_is_answered_once_unless_it_is_to_be_replaced(local):
    queue = create_queue("once", "correct")
    queue.add_rows(rows(1))
    item = queue.next("ada")
    queue.label(item.item_id, "ada", True)
    with pytest.raises(AlreadyExists, match="replace=True"):
        queue.label(item.item_id, "ada", False)
    with pytest.raises(AlreadyExists):
        get_queue("once").label(item.item_id, "ada", False)
    assert queue.label(item.item_id, "ada", False, replace=True).value is False
    assert [label.value for label in get_queue("once").labels()] == [False]
    trace = quire.get_trace(queue.items[item.item_id].trace_id)
    assert {one.value: one.valid for one in trace.info.assessments}[True] is False


def test_a_skipped_item_is_not_shown_again_and_counts_for_nothing(local):
    queue = create_queue("skipped", "correct")
    queue.add_rows(rows(2))
    item = queue.next("ada")
    label = queue.skip(item.item_id, "ada", comment="Not my field.")
    assert (label.value, label.comment) == (None, "Not my field.")
    assert review(queue, "ada", lambda item: True) != [item.item_id]
    assert queue.next("ada") is None
    assert len(queue.labelled()) == 1


def test_an_item_that_enough_have_answered_is_given_to_nobody_else(local):
    queue = create_queue("enough", "correct", per_item=2)
    queue.add_rows(rows(3))
    for reviewer in ("ada", "bob"):
        review(queue, reviewer, lambda item: True)
    assert queue.next("cyd") is None
    assert queue.progress().done == 3


def test_an_item_in_somebodys_hand_is_given_to_nobody_else(store):
    queue = create_queue("one each", "correct", per_item=1)
    queue.add_rows(rows(2))
    ada, bob, cyd = (get_queue("one each") for _reviewer in range(3))
    first, second = ada.next("ada"), bob.next("bob")
    assert {first.item_id, second.item_id} == set(queue.items)
    assert cyd.next("cyd") is None
    assert ada.next("ada").item_id == first.item_id
    ada.label(first.item_id, "ada", True)
    assert ada.next("ada") is None
    bob.label(second.item_id, "bob", True)
    queue.refresh()
    assert queue.progress().done == 2


def test_an_item_that_was_left_lying_is_given_to_others(local, monkeypatch):
    queue = create_queue("left", "correct", per_item=1)
    queue.add_rows(rows(1))
    monkeypatch.setattr("quire.review.holding.HELD_MS", -1)
    assert queue.next("ada") is not None
    assert queue.next("bob") is not None


def test_what_was_said_is_taken_back_whole(local):
    queue = create_queue("taken back", Question(name="stars", choices=[1, 2, 3]))
    queue.add_rows(rows(2))
    item = queue.next("ada")
    queue.label(item.item_id, "ada", 1)
    queue.label(item.item_id, "ada", 2, replace=True)
    queue.label(item.item_id, "bob", 3)
    assert queue.last("ada") == item.item_id
    assert [label.value for label in queue.said(item.item_id, "ada")] == [2]
    assert queue.withdraw(item.item_id, "ada") == 2
    assert queue.said(item.item_id, "ada") == []
    assert queue.next("ada").item_id == item.item_id
    assert queue.last("ada") is None
    assert [label.reviewer for label in queue.labels()] == ["bob"]


def test_several_questions_make_an_item_done_together(local):
    queue = create_queue("several", [Question(name="correct"), Question(name="why", kind="text")])
    queue.add_rows(rows(1))
    item = queue.next("ada")
    queue.label(item.item_id, "ada", True, question="correct")
    assert queue.next("ada").item_id == item.item_id
    queue.label(item.item_id, "ada", "It adds up.", question="why")
    assert queue.next("ada") is None
    with pytest.raises(InvalidInput, match="asks correct, why"):
        queue.label(item.item_id, "ada", True)


# -- what was said -----------------------------------------------------------------------------------


def test_agreement_of_reviewers_with_each_other_and_with_scores(local):
    queue = create_queue("agreed", "correct", reviewers=["ada", "bob"])
    queue.add_rows(rows(10), variant="new")
    review(queue, "ada", lambda item: int(item.outputs.split()[1]) % 2 == 0)
    review(queue, "bob", lambda item: int(item.outputs.split()[1]) < 5)
    people, *with_scores = queue.agreement(scores=["correct"])
    assert (people.first, people.second, people.kappa.n) == ("ada", "bob", 10)
    assert people.kappa.value == pytest.approx((0.6 - 0.5) / 0.5)
    assert [(one.first, one.second, one.kappa.value) for one in with_scores] == [
        ("ada", "correct", pytest.approx(1)),
        ("bob", "correct", pytest.approx(0.2)),
    ]
    with pytest.raises(InvalidInput, match="No item of the queue has a score 'x'; they have correct"):
        queue.agreement(scores=["x"])


def test_near_misses_of_grades_count_less(local):
    queue = create_queue("graded", Question(name="stars", choices=[1, 2, 3, 4, 5]), reviewers=["ada", "bob"])
    queue.add_rows(rows(10), variant="new")
    places = {"ada": [], "bob": []}
    for reviewer, more in (("ada", 0), ("bob", 1)):
        for item in queue.items.values():
            stars = min(5, 1 + int(item.outputs.split()[1]) % 4 + more)
            places[reviewer].append(stars)
            queue.label(item.item_id, reviewer, stars)
    (found,) = queue.agreement()
    assert found.kappa == cohen_kappa(places["ada"], places["bob"], weights="quadratic")
    assert str(found).startswith("ada and bob: weighted kappa")
    assert found.kappa.agreement == 0


def test_labels_feed_a_judges_agreement(local, simulator):
    from quire.judges import make_judge
    from quire.simulator import Behaviour

    queue = create_queue("judged", "correct")
    queue.add_rows(rows(6))
    review(queue, "ada", lambda item: item.outputs != "answer 3")
    for reviewer in ("bob", "cyd"):
        review(queue, reviewer, lambda item: item.outputs not in ("answer 3", "answer 4"))
    no, yes = (json.dumps({"rationale": "", "result": value}) for value in (False, True))
    simulator.behaviour = Behaviour(recording={f"answer {n}": no if n in (3, 4) else yes for n in range(6)})
    judge = make_judge("correct", "{{ outputs }}", feedback_value_type=bool)
    found = judge.agreement(queue.labelled())
    assert (found.kappa.n, found.kappa.value) == (6, pytest.approx(1))


def test_labels_are_exported_as_lines_and_as_a_frame(local, tmp_path):
    queue = create_queue("exported", "correct")
    queue.add_rows(rows(3), variant="new")
    review(queue, "ada", lambda item: True)
    assert queue.export(tmp_path / "labels.jsonl") == 3
    lines = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert {(line["reviewer"], line["value"], line["variant"]) for line in lines} == {("ada", True, "new")}
    frame = queue.frame()
    assert list(frame["outputs"]) == ["answer 0", "answer 1", "answer 2"]


def test_credentials_in_what_is_reviewed_are_not_kept(local):
    queue = create_queue("secrets", "correct")
    row = ScoredRow(record_id="r", index=0, inputs={"q": "api_key=abcd1234efgh5678"}, outputs="sk-abcdefghijklmnop1234")
    queue.add_rows([row])
    stored = get_queue("secrets")
    shown = repr(list(stored.items.values())) + quire.get_trace(next(iter(stored.items.values())).trace_id).to_json()
    assert "abcd1234efgh5678" not in shown
    assert "sk-abcdefghijklmnop1234" not in shown


# -- bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: create_queue("", "correct"),
        lambda: create_queue("q", []),
        lambda: create_queue("q", ["a", "a"]),
        lambda: create_queue("q", 3),
        lambda: create_queue("q", "a", per_item=0),
        lambda: create_queue("q", "a", reviewers=["ada", " "]),
        lambda: create_queue("q", Question(name="")),
    ],
)
def test_what_makes_no_queue_is_refused(local, make):
    with pytest.raises(InvalidInput):
        make()
    assert search_queues() == []


def test_names_are_taken_once_and_what_there_is_not_is_said(local):
    create_queue("taken", "correct")
    with pytest.raises(AlreadyExists, match="get_queue"):
        create_queue("taken", "correct")
    with pytest.raises(NotFound, match="it has taken"):
        get_queue("other")
    assert [queue.name for queue in search_queues()] == ["taken"]
    assert get_queue(get_queue("taken").run_id).name == "taken"


def test_only_reviewers_answer_and_only_what_counts(local):
    queue = create_queue("strict", Question(name="stars", choices=[1, 2, 3]), reviewers=["ada"])
    queue.add_rows(rows(1))
    item = queue.next("ada")
    with pytest.raises(PermissionDenied, match="they are ada"):
        queue.next("bob")
    with pytest.raises(PermissionDenied):
        queue.label(item.item_id, "bob", 1)
    for value in (4, True, "1", None):
        with pytest.raises(InvalidInput, match=r"expected one of \[1, 2, 3\]"):
            queue.label(item.item_id, "ada", value)
    with pytest.raises(NotFound, match="no item 'x'"):
        queue.label("x", "ada", 1)
    with pytest.raises(InvalidInput, match="'color'"):
        queue.label(item.item_id, "ada", 1, question="color")
    queue.assign(["ada", "bob"])
    assert get_queue("strict").next("bob").item_id == item.item_id


@pytest.mark.parametrize(("kind", "wrong"), [("binary", 1), ("number", True), ("number", float("nan")), ("text", " ")])
def test_answers_of_another_kind_are_refused(local, kind, wrong):
    queue = create_queue("kinds", Question(name="q", kind=kind))
    queue.add_rows(rows(1))
    with pytest.raises(InvalidInput, match="expected"):
        queue.label(next(iter(queue.items)), "ada", wrong)


def test_pairs_and_single_answers_do_not_mix(local):
    single, pairs = create_queue("single", "correct"), create_queue("pairs", "better", pairs=True)
    with pytest.raises(InvalidInput, match="holds single answers; pairs go"):
        single.add_pairs(rows(1), rows(1), a="a", b="b")
    with pytest.raises(InvalidInput, match="holds pairs; single answers go"):
        pairs.add_rows(rows(1))
    with pytest.raises(InvalidInput, match="two different names"):
        pairs.add_pairs(rows(1), rows(1), a="a", b="a")
    with pytest.raises(InvalidInput, match="ranking comes from pairs"):
        single.ranking()
    with pytest.raises(InvalidInput, match="has been judged yet"):
        pairs.ranking()
    with pytest.raises(InvalidInput, match="no row of an evaluation"):
        single.add_rows([{"outputs": 1}])


def test_an_item_whose_trace_was_deleted_is_shown_to_nobody_and_named_where_it_is_answered(local):
    queue = create_queue("gone", "correct")
    queue.add_rows(rows(3))
    first = queue.next("ada").item_id
    quire.delete_traces(queue.experiment_id, trace_ids=[queue.items[first].trace_id])
    with pytest.raises(NotFound, match="was deleted"):
        queue.label(first, "ada", True)
    assert len(review(queue, "ada", lambda item: True)) == 2
    assert (queue.left("ada"), queue.progress().items, queue.progress().done) == (0, 2, 2)
    again = get_queue("gone")
    assert (again.next("bob").item_id != first, len(list(again.labels()))) == (True, 2)
    (other, _) = (one for one in again.items if one != first)
    quire.delete_traces(queue.experiment_id, trace_ids=[again.items[other].trace_id])
    assert len(review(again, "bob", lambda item: True)) == 1


def test_what_was_taken_back_is_kept_for_who_takes_it_back(local):
    queue = create_queue("taken back", "correct", per_item=1)
    queue.add_rows(rows(1))
    (item,) = review(queue, "ada", lambda item: True)
    assert (queue.needs(item, "bob"), queue.left("bob")) == (False, 0)
    assert queue.withdraw(item, "ada") == 1
    assert (queue.next("bob"), queue.next("ada").item_id) == (None, item)


def test_what_was_skipped_is_looked_at_again(local):
    queue = create_queue("skipped", "correct")
    queue.add_rows(rows(3))
    kept, *others = list(queue.items)
    queue.label(kept, "ada", True)
    for item in others:
        queue.skip(item, "ada")
    assert (queue.next("ada"), queue.unskip("ada"), queue.left("ada"), queue.unskip("ada")) == (None, 2, 2, 0)
