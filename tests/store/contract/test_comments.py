"""Comments, in every store that keeps them."""

from __future__ import annotations

import pytest

from quire.domain.comments import MAX_COMMENT
from quire.domain.entities import Run
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.ids import now_ms
from quire.store import Store
from quire.store.comments import CommentStore, comments_of
from tests.store.contract.conftest import STORES

_OURS = [name for name in STORES if name != "MLflow"]
pytestmark = pytest.mark.parametrize("store", _OURS, indirect=True)


@pytest.fixture
def comments(store: Store) -> CommentStore:
    return comments_of(store)


@pytest.fixture
def run(store: Store) -> Run:
    return store.create_run("0")


def test_what_was_said_is_listed_in_its_order(comments: CommentStore, run: Run) -> None:
    run_id = run.info.run_id
    assert comments.list_comments("run", run_id) == []
    before = now_ms()
    said = [comments.create_comment("run", run_id, f"number *{number}*", author="ada") for number in range(3)]
    assert comments.list_comments("run", run_id) == said
    first = said[0]
    assert (first.subject_kind, first.subject_id, first.experiment_id) == ("run", run_id, "0")
    assert (first.author, first.text, first.edit_time, first.deletion_time) == ("ada", "number *0*", None, None)
    assert before <= first.creation_time <= now_ms()
    assert comments.get_comment(first.comment_id) == first


def test_pages_follow_one_another(comments: CommentStore, run: Run) -> None:
    run_id = run.info.run_id
    said = [comments.create_comment("run", run_id, str(number), author="ada") for number in range(5)]
    page = comments.list_comments("run", run_id, max_results=2)
    found = list(page)
    while page.token:
        page = comments.list_comments("run", run_id, max_results=2, page_token=page.token)
        found += page
    assert found == said
    with pytest.raises(InvalidInput, match="page token"):
        comments.list_comments("run", run_id, page_token="nonsense")


def test_a_text_is_replaced_and_taken_back(comments: CommentStore, run: Run) -> None:
    run_id = run.info.run_id
    made = comments.create_comment("run", run_id, "frist @bob", author="ada")
    edited = comments.edit_comment(made.comment_id, "first @cy")
    assert (edited.text, edited.mentions, edited.creation_time) == ("first @cy", ["cy"], made.creation_time)
    assert edited.edit_time is not None
    gone = comments.delete_comment(made.comment_id)
    assert (gone.text, gone.mentions) == ("", [])
    assert gone.deletion_time is not None
    assert comments.delete_comment(made.comment_id) == gone == comments.get_comment(made.comment_id)
    assert comments.list_comments("run", run_id) == []
    with pytest.raises(NotFound, match="deleted"):
        comments.edit_comment(made.comment_id, "again")


def test_prompts_and_traces_have_comments_too(store: Store, comments: CommentStore) -> None:
    name = f"prompt-{now_ms()}"
    store.create_registered_model(name)
    trace = store.begin_trace("0", timestamp_ms=1).trace_id
    about_prompt = comments.create_comment("prompt", name, "of a prompt", author="ada")
    about_trace = comments.create_comment("trace", trace, "of a trace", author="ada")
    assert comments.list_comments("prompt", name) == [about_prompt]
    assert comments.list_comments("trace", trace) == [about_trace]
    assert about_prompt.experiment_id == ""
    assert about_trace.experiment_id == "0"


def test_comments_follow_a_new_name_and_go_with_what_they_are_about(store: Store, comments: CommentStore) -> None:
    name = f"renamed-{now_ms()}"
    store.create_registered_model(name)
    made = comments.create_comment("prompt", name, "@dora", author="ada")
    store.rename_registered_model(name, f"{name}-2")
    assert comments.list_comments("prompt", f"{name}-2")[0].comment_id == made.comment_id
    store.delete_registered_model(f"{name}-2")
    trace = store.begin_trace("0", timestamp_ms=1).trace_id
    other = comments.create_comment("trace", trace, "@dora", author="ada")
    store.delete_traces("0", trace_ids=[trace])
    for gone in (made, other):
        with pytest.raises(NotFound):
            comments.get_comment(gone.comment_id)
    assert not {made.comment_id, other.comment_id} & {item.comment_id for item in comments.mentions_of("dora")}


def test_those_of_a_deleted_run_are_back_when_it_is(store: Store, comments: CommentStore, run: Run) -> None:
    run_id = run.info.run_id
    made = comments.create_comment("run", run_id, "@emil", author="ada")
    store.delete_run(run_id)
    assert comments.list_comments("run", run_id) == []
    assert made not in comments.mentions_of("emil")
    with pytest.raises(NotFound):
        comments.get_comment(made.comment_id)
    with pytest.raises(InvalidState, match="Restore"):
        comments.create_comment("run", run_id, "more", author="ada")
    store.restore_run(run_id)
    assert comments.list_comments("run", run_id) == [made]


def test_who_is_mentioned_finds_it_newest_first(comments: CommentStore, run: Run) -> None:
    name = f"m{now_ms()}"
    begun = now_ms()
    said = [comments.create_comment("run", run.info.run_id, f"{n} @{name}", author="ada") for n in range(3)]
    assert comments.mentions_of(name, since=begun) == said[::-1]
    assert comments.mentions_of(name, max_results=1) == said[-1:]
    assert comments.mentions_of(name, since=now_ms() + 1) == []
    comments.edit_comment(said[0].comment_id, "nobody")
    assert [item.comment_id for item in comments.mentions_of(name)] == [said[2].comment_id, said[1].comment_id]


def test_credentials_are_removed(comments: CommentStore, run: Run) -> None:
    made = comments.create_comment("run", run.info.run_id, "key sk-" + "a1B2" * 8, author="ada")
    assert "sk-a1" not in made.text
    assert "[REDACTED]" in comments.edit_comment(made.comment_id, "key sk-" + "a1B2" * 8).text


@pytest.mark.parametrize(
    ("kind", "text", "author", "problem"),
    [
        ("experiment", "a", "ada", "no comments on 'experiment'"),
        ("run", "  \n", "ada", "empty"),
        ("run", "a" * (MAX_COMMENT + 1), "ada", "20,001 characters"),
        ("run", "a\0b", "ada", "NUL"),
        ("run", "a", " ", "author"),
        ("run", "a", "a" * 300, "300 characters"),
    ],
)
def test_what_is_no_comment_is_refused(
    comments: CommentStore, run: Run, kind: str, text: str, author: str, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        comments.create_comment(kind, run.info.run_id, text, author=author)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["run", "prompt", "trace"])
@pytest.mark.parametrize("subject", ["0" * 32, "", "a/b %\0"])
def test_what_is_not_there_has_none(comments: CommentStore, kind: str, subject: str) -> None:
    for ask in (comments.list_comments, lambda *about: comments.create_comment(*about, "hi", author="ada")):
        with pytest.raises(NotFound):
            ask(kind, subject)  # type: ignore[arg-type, operator]


def test_authors_are_known_by_how_their_names_begin(comments: CommentStore, run: Run) -> None:
    for name in ("zoé", "zoltan", "anna_%"):
        comments.create_comment("run", run.info.run_id, "hi", author=name)
    assert comments.authors("zo") == ["zoltan", "zoé"]
    assert comments.authors("anna_%") == ["anna_%"]
    assert comments.authors("%") == []
