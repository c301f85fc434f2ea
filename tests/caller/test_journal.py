"""A journal keeps what finished, answers each request once on resume, and is refused where it does not hold."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.caller.journal import Journal, content_key
from quire.domain.calls import Answer, Call, Usage
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, PermissionDenied, Unavailable


def call(words: str, index: int = 0) -> Call:
    return Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": words}]}, (index,))


def record(journal: Journal, *calls: tuple[int, Call]) -> None:
    journal.write(
        [
            (content_key(asked), position, Answer(asked, {"said": position}, Usage(1, 2, 3, 4), 0.5, 6))
            for position, asked in calls
        ]
    )


def replay(journal: Journal, *calls: tuple[int, Call]) -> list[int | None]:
    """What each call is answered with: the position at which the answer was recorded."""
    found = journal.replay([(content_key(asked), position, asked) for position, asked in calls])
    return [None if answer is None else answer.response["said"] for answer in found]


def test_an_answer_comes_back_whole(tmp_path: Path) -> None:
    asked = call("a")
    with Journal(tmp_path / "j") as journal:
        record(journal, (0, asked))
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before == 1
        (answer,) = journal.replay([(content_key(asked), 0, asked)])
    assert answer == Answer(asked, {"said": 0}, Usage(1, 2, 3, 4), 0.5, 6, replayed=True)


def test_a_request_is_known_by_its_content() -> None:
    body = {"model": "m", "temperature": 0.5}
    same = {"temperature": 0.5, "model": "m"}
    key = content_key(Call("chat.completions", body, (0,)))
    assert key == content_key(Call("chat.completions", same, (7,)))
    assert key != content_key(Call("responses", body, (0,)))
    assert key != content_key(Call("chat.completions", {**body, "temperature": 0.6}, (0,)))


def test_rows_may_be_inserted_removed_and_moved(tmp_path: Path) -> None:
    a, b, c = call("a"), call("b"), call("c")
    with Journal(tmp_path / "j") as journal:
        record(journal, (0, a), (1, b), (2, c))
    with Journal(tmp_path / "j") as journal:
        assert replay(journal, (0, call("new")), (1, a), (2, c), (3, b)) == [None, 0, 2, 1]
    with Journal(tmp_path / "j") as journal:
        assert replay(journal, (1, a), (2, c), (3, b)) == [0, 2, 1]


def test_of_two_rows_that_ask_the_same_both_are_asked(tmp_path: Path) -> None:
    same = call("same")
    with Journal(tmp_path / "j") as journal:
        record(journal, (5, same))
    with Journal(tmp_path / "j") as journal:
        assert replay(journal, (0, same)) == [5]
        assert replay(journal, (5, same)) == [None]
        record(journal, (5, same))
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before == 2
        assert replay(journal, (0, same), (5, same), (6, same)) == [5, 5, None]


def test_what_this_run_records_answers_no_other_row_of_it(tmp_path: Path) -> None:
    same = call("same")
    with Journal(tmp_path / "j") as journal:
        record(journal, (0, same))
    with Journal(tmp_path / "j") as journal:
        assert replay(journal, (0, same)) == [0]
        record(journal, (1, same))
        assert replay(journal, (2, same)) == [None]


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(st.integers(0, 3), max_size=12),
    kept=st.sets(st.integers(0, 11)),
    after=st.lists(st.integers(0, 3), max_size=12),
)
def test_each_entry_answers_at_most_one_row_and_none_is_wasted(
    tmp_path_factory: pytest.TempPathFactory, before: list[int], kept: set[int], after: list[int]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    with Journal(path) as journal:
        recorded = [(position, word) for position, word in enumerate(before) if position in kept]
        record(journal, *((position, call(str(word))) for position, word in recorded))
    with Journal(path) as journal:
        answers = replay(journal, *((position, call(str(word))) for position, word in enumerate(after)))
    used = [answer for answer in answers if answer is not None]
    assert len(used) == len(set(used))
    for word in range(4):
        had = sum(w == word for _, w in recorded)
        asked = [answer for answer, w in zip(answers, after, strict=True) if w == word]
        assert sum(answer is not None for answer in asked) == min(had, len(asked))
        assert all(before[answer] == word for answer in asked if answer is not None)


def test_many_equal_rows_cost_linear_time(tmp_path: Path) -> None:
    same = call("same")
    with Journal(tmp_path / "j") as journal:
        record(journal, *((position, same) for position in range(20_000)))
    with Journal(tmp_path / "j") as journal:
        answers = replay(journal, *((position + 30_000, same) for position in range(20_000)))
    assert sorted(answers) == list(range(20_000))  # type: ignore[type-var]


def test_tokens_of_all_entries_are_summed_by_model(tmp_path: Path) -> None:
    other = Call("embeddings", {"model": "other", "input": ["a"]}, (2,))
    with Journal(tmp_path / "j") as journal:
        assert journal.spent() == {}
        record(journal, (0, call("a")), (1, call("b")), (2, other))
        assert journal.spent() == {"m": Usage(2, 4, 6, 8), "other": Usage(1, 2, 3, 4)}


def test_a_journal_with_entries_is_not_started_over_by_accident(tmp_path: Path) -> None:
    Journal(tmp_path / "j", resume=False).close()
    with Journal(tmp_path / "j", resume=False) as journal:
        record(journal, (0, call("a")))
    with pytest.raises(AlreadyExists, match=r"holds 1 finished requests.*resume=True"):
        Journal(tmp_path / "j", resume=False)
    Journal(tmp_path / "j").close()


def test_another_models_journal_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "j", "one").close()
    with pytest.raises(InvalidState, match="another model or other parameters"):
        Journal(tmp_path / "j", "two")
    Journal(tmp_path / "j", "one").close()


def test_a_journal_in_use_by_another_process_is_refused(tmp_path: Path) -> None:
    script = "import sys; from quire.caller import Journal; j = Journal(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "j")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        with pytest.raises(InvalidState, match=r"in use by another process\. Wait for it to end"):
            Journal(tmp_path / "j")
        holder.stdin.write("\n")
        holder.stdin.close()
    Journal(tmp_path / "j").close()


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes\n" * 1000)
    with pytest.raises(InvalidInput, match=r"notes\.txt is not a journal"):
        Journal(path)
    assert path.read_text() == "notes\n" * 1000


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "quire.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE experiments (name TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="is a SQLite database and not a journal; it was left as it is"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "j").close()
    with sqlite3.connect(tmp_path / "j") as database:
        database.execute("UPDATE header SET value = 'quire-journal-9' WHERE key = 'format'")
    database.close()
    with pytest.raises(InvalidInput, match=r"format 'quire-journal-9'; expected 'quire-journal-1'"):
        Journal(tmp_path / "j")


@pytest.mark.parametrize("keep", [0, 1, 50, 3000, 8000])
def test_a_torn_file_is_named_or_read_but_never_crashes(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        record(journal, *((position, call(f"{position}")) for position in range(200)))
    path.write_bytes(path.read_bytes()[:keep])
    said = ""
    try:
        with Journal(path) as journal:
            replay(journal, (0, call("0")))
    except InvalidInput as error:
        said = str(error)
    assert not said or "is not a journal that Quire can read" in said


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / "j").touch()
    with Journal(tmp_path / "j") as journal:
        record(journal, (0, call("a")))


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermissionDenied, match=r"cannot be opened for writing; name a file in a writable folder"):
        Journal(tmp_path / "absent" / "j")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionDenied, match="cannot be opened for writing"):
        Journal(tmp_path / "j")


FULL_DISK = """
import resource, signal, sys
from quire.caller import Journal
from quire.caller.journal import content_key
from quire.domain.calls import Answer, Call, Usage
from quire.domain.errors import Unavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
for n in range(10_000):
    asked = Call("chat.completions", {"n": n}, (n,))
    try:
        journal.write([(content_key(asked), n, Answer(asked, {"said": "x" * 500}, Usage(), 0.1))])
    except Unavailable as error:
        print(n, error)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.write([(content_key(asked), n, Answer(asked, {"said": "x" * 500}, Usage(), 0.1))])
"""


def test_on_a_full_disk_what_was_recorded_stays(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "j")], capture_output=True, text=True, timeout=60, check=True
    )
    written, message = ran.stdout.split(" ", 1)
    assert "Every row finished before is kept; make room and run again" in message
    assert int(written) > 50
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before == int(written) + 1


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.close()
    with pytest.raises(InvalidState, match="is closed"):
        record(journal, (0, call("a")))


def test_deleting_removes_every_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    record(journal, (0, call("a")))
    journal.delete()
    assert list(tmp_path.iterdir()) == []


def test_unavailable_is_what_a_full_disk_raises() -> None:
    from quire.caller.journal import _explain

    for text in ("database or disk is full", "disk I/O error"):
        assert isinstance(_explain(sqlite3.OperationalError(text), Path("j")), Unavailable)
