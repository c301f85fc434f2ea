"""Runs: starting, nesting, ending, taking up again."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.tracking.git import commit_of


def status(run: quire.ActiveRun) -> str:
    return quire.get_run(run.info.run_id).info.status


def test_a_block_is_a_run() -> None:
    before = time.time() * 1000
    with quire.start_run(run_name="first", tags={"a": 1}, description="words") as run:
        assert quire.active_run() is run
        assert run.info.status == "RUNNING"
        assert status(run) == "RUNNING"
    assert quire.active_run() is None
    stored = quire.get_run(run.info.run_id)
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == "first"
    assert stored.data.tags["mlflow.runName"] == "first"
    assert stored.data.tags["mlflow.note.content"] == "words"
    assert stored.data.tags["a"] == "1"
    assert isinstance(stored.info.end_time, int)
    assert before - 1 <= stored.info.start_time <= stored.info.end_time <= time.time() * 1000 + 1


def test_a_run_without_a_name_gets_one() -> None:
    with quire.start_run() as run:
        pass
    assert quire.get_run(run.info.run_id).data.tags["mlflow.runName"] == run.info.run_name != ""


def test_a_block_that_raises_fails_its_run_and_the_error_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), quire.start_run() as run:
        _ = 1 / 0
    assert status(run) == "FAILED"


def test_an_interrupted_block_kills_its_run() -> None:
    with pytest.raises(KeyboardInterrupt), quire.start_run() as run:
        raise KeyboardInterrupt
    assert status(run) == "KILLED"


def test_a_run_can_be_ended_by_hand() -> None:
    run = quire.start_run()
    quire.end_run("KILLED")
    assert status(run) == "KILLED"
    assert quire.active_run() is None
    quire.end_run()


def test_a_status_that_does_not_exist_is_refused() -> None:
    with quire.start_run(), pytest.raises(InvalidInput, match=r"'DONE' does not exist. Expected one of RUNNING"):
        quire.end_run("DONE")  # type: ignore[arg-type]


def test_a_second_run_must_say_that_it_is_nested() -> None:
    with quire.start_run() as outer, pytest.raises(InvalidState, match=f"{outer.info.run_id} is active.*nested=True"):
        quire.start_run()


def test_nested_runs_know_their_parent() -> None:
    with quire.start_run() as outer:
        with quire.start_run(nested=True) as inner:
            assert quire.active_run() is inner
            with quire.start_run(nested=True) as innermost:
                pass
        assert quire.active_run() is outer
    assert quire.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"] == outer.info.run_id
    parent = quire.get_parent_run(innermost.info.run_id)
    assert parent is not None
    assert parent.info.run_id == inner.info.run_id
    assert quire.get_parent_run(outer.info.run_id) is None


def test_the_end_of_a_block_ends_what_was_left_open_inside() -> None:
    def leave_open() -> None:
        with quire.start_run():
            quire.start_run(nested=True)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        leave_open()
    assert [run.info.status for run in quire.search_runs(output_format="list")] == ["FAILED", "FAILED"]
    assert quire.active_run() is None


def test_the_end_of_a_block_ends_the_inner_run_by_its_id() -> None:
    with quire.start_run() as outer:
        inner = quire.start_run(nested=True)
    assert (status(outer), status(inner)) == ("FINISHED", "FINISHED")
    assert quire.active_run() is None


def test_a_parent_can_be_named() -> None:
    with quire.start_run() as parent:
        pass
    with (
        quire.start_run(parent_run_id=parent.info.run_id) as child,
        pytest.raises(InvalidState, match="parent_run_id names another"),
    ):
        quire.start_run(nested=True, parent_run_id=parent.info.run_id)
    assert quire.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    quire.delete_run(parent.info.run_id)
    with pytest.raises(InvalidState, match="is deleted and cannot be a parent"):
        quire.start_run(parent_run_id=parent.info.run_id)
    with pytest.raises(NotFound):
        quire.start_run(parent_run_id="0" * 32)


def test_a_run_is_taken_up_again_by_its_id() -> None:
    with quire.start_run() as first:
        quire.log_param("p", 1)
    with quire.start_run(run_id=first.info.run_id, run_name="renamed", tags={"again": "yes"}) as again:
        assert again.info.run_id == first.info.run_id
        assert status(again) == "RUNNING"
        assert again.data.tags["again"] == "yes"
        quire.log_metric("m", 2)
    stored = quire.get_run(first.info.run_id)
    assert (stored.info.status, stored.info.run_name) == ("FINISHED", "renamed")
    assert stored.data.metrics == {"m": 2}


@pytest.mark.parametrize("variable", ["QUIRE_RUN_ID", "MLFLOW_RUN_ID"])
def test_the_environment_names_a_run_once(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with quire.start_run() as first:
        pass
    monkeypatch.setenv(variable, first.info.run_id)
    with quire.start_run() as again:
        pass
    with quire.start_run() as other:
        pass
    assert again.info.run_id == first.info.run_id != other.info.run_id


def test_an_unknown_or_deleted_run_is_not_taken_up() -> None:
    with pytest.raises(NotFound, match="0" * 32):
        quire.start_run(run_id="0" * 32)
    with quire.start_run() as run:
        pass
    quire.delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match=f"{run.info.run_id} is deleted and cannot be taken up again. Restore it"):
        quire.start_run(run_id=run.info.run_id)
    assert quire.active_run() is None
    quire.restore_run(run.info.run_id)
    with quire.start_run(run_id=run.info.run_id):
        pass


def test_an_unknown_run_is_not_found() -> None:
    with pytest.raises(NotFound, match="f" * 32):
        quire.get_run("f" * 32)
    with pytest.raises(NotFound):
        quire.log_metrics({"a": 1}, run_id="f" * 32)


def test_a_description_is_given_once() -> None:
    with pytest.raises(InvalidInput, match="description is given twice"):
        quire.start_run(tags={"mlflow.note.content": "a"}, description="b")


def test_the_last_active_run(script) -> None:
    with quire.start_run() as run:
        last = quire.last_active_run()
        assert last is not None
        assert last.info.run_id == run.info.run_id
    last = quire.last_active_run()
    assert last is not None
    assert (last.info.run_id, last.info.status) == (run.info.run_id, "FINISHED")
    assert script("import quire; print(quire.last_active_run())") == "None"


def test_the_end_of_the_process_ends_what_is_active(script) -> None:
    script(
        "import quire, threading\n"
        "quire.start_run(run_name='a'); quire.start_run(run_name='b', nested=True)\n"
        "thread = threading.Thread(target=lambda: quire.start_run(run_name='c')); thread.start(); thread.join()\n"
    )
    runs = quire.search_runs(output_format="list")
    assert sorted((run.info.run_name, run.info.status) for run in runs) == [
        ("a", "FINISHED"),
        ("b", "FINISHED"),
        ("c", "FINISHED"),
    ]


def test_a_forked_child_leaves_its_parents_run_alone(script) -> None:
    printed = script(
        "import os, sys, quire\n"
        "run = quire.start_run()\n"
        "if os.fork() == 0:\n"
        "    quire.log_metric('child', 1)\n"
        "    sys.exit(0)\n"
        "os.wait()\n"
        "found = quire.get_run(run.info.run_id)\n"
        "print(found.info.status, found.data.metrics)\n"
    )
    assert printed == "RUNNING {'child': 1.0}"


def test_a_run_says_where_it_comes_from(script, workspace: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(workspace)]
    program = workspace / "program.py"
    program.write_text("import quire\nwith quire.start_run() as run: print(run.info.run_id)")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "program.py"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    run_id = script(f"import runpy, sys; sys.argv = [{str(program)!r}]; runpy.run_path({str(program)!r})")
    run = quire.get_run(run_id)
    assert run.data.tags["mlflow.source.name"] == str(program)
    assert run.data.tags["mlflow.source.type"] == "LOCAL"
    assert run.data.tags["mlflow.source.git.commit"] == commit
    assert run.data.tags["mlflow.user"] == run.info.user_id != ""
    subprocess.run([*git, "gc", "-q"], check=True)
    subprocess.run([*git, "pack-refs", "--all"], check=True)
    commit_of.cache_clear()
    assert commit_of(workspace) == commit
    subprocess.run([*git, "worktree", "add", "-q", "tree", "-b", "other"], check=True)
    assert commit_of(workspace / "tree") == commit
    subprocess.run([*git, "checkout", "-q", "--detach"], check=True)
    commit_of.cache_clear()
    assert commit_of(workspace) == commit


def test_the_environment_adds_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", '{"team": "blue"}')
    with quire.start_run() as run:
        assert run.data.tags["team"] == "blue"
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", "team=blue")
    with pytest.raises(InvalidInput, match="MLFLOW_RUN_CONTEXT must hold a JSON object"):
        quire.start_run()


def test_the_clients_runs_are_active_nowhere(client: quire.Client) -> None:
    run = client.create_run("0", run_name="mine", tags={"a": "b"}, start_time=5)
    assert quire.active_run() is None
    assert (run.info.run_name, run.info.start_time, run.data.tags["a"]) == ("mine", 5, "b")
    client.update_run(run.info.run_id, status="SCHEDULED", name="other")
    assert client.get_run(run.info.run_id).info.status == "SCHEDULED"
    client.set_terminated(run.info.run_id, "FAILED", end_time=9)
    info = client.get_run(run.info.run_id).info
    assert (info.status, info.end_time, info.run_name) == ("FAILED", 9, "other")
    client.set_terminated(run.info.run_id)
    assert client.get_run(run.info.run_id).info.status == "FINISHED"
