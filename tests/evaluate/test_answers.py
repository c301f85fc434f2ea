"""Answers are kept between evaluations and processes, never paid twice, never with a secret."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import quire
from quire.domain.errors import InvalidInput, PermissionDenied
from quire.evaluate.answers import AnswerCache, default_path
from quire.testing import Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, length, said, words


def test_the_same_question_is_not_paid_twice(echo: Simulator, make_model: MakeModel) -> None:
    first = quire.evaluate(words(5), {"a": make_model()}, [has_word], repeats=2)
    again = quire.evaluate(words(8), {"renamed": make_model()}, [length], repeats=3)
    assert len(echo.requests) == 10 + 3 * 8 - 10
    assert first.aggregates["a"]["replayed"] == 0
    assert again.aggregates["renamed"]["replayed"] == 10
    rows = [row for row in again.rows("renamed") if row.measured.replayed]
    assert {(row.index, row.repeat) for row in rows} == {(n, r) for n in range(5) for r in range(2)}
    assert all(row.measured.cost_usd and said(row.outputs) == f"Say w{row.index}" for row in rows)
    spent = quire.get_run(again.run_id).data.metrics["spent_usd"]
    assert 0 < spent < again.aggregates["renamed"]["cost_usd"]


def test_another_prompt_model_parameter_or_service_is_another_question(
    echo: Simulator, make_model: MakeModel, simulator_factory: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    quire.evaluate(words(1), {"a": make_model()}, [has_word])
    changed = {"prompt": make_model("Tell {word}"), "model": make_model(model="gpt-4o"), "fixed": make_model(top_p=0.5)}
    quire.evaluate(words(1), changed, [has_word])
    assert len(echo.requests) == 4
    other = simulator_factory(echo=True)  # type: ignore[operator]
    monkeypatch.setenv("OPENAI_BASE_URL", other.base_url)
    monkeypatch.setenv("OPENAI_API_BASE", other.base_url)
    quire.evaluate(words(1), {"a": make_model()}, [has_word])
    assert len(other.requests) == 1


def test_without_the_cache_everything_is_asked_and_nothing_kept(echo: Simulator, make_model: MakeModel) -> None:
    for _attempt in range(2):
        quire.evaluate(words(3), {"a": make_model()}, [has_word], cache=False)
    assert len(echo.requests) == 6
    assert not default_path().exists()


def test_a_file_may_be_named(echo: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    for _attempt in range(2):
        quire.evaluate(words(3), {"a": make_model()}, [has_word], cache=tmp_path / "mine.db")
    assert len(echo.requests) == 3


def test_failures_are_not_kept(echo: Simulator, make_model: MakeModel) -> None:
    model = make_model()
    echo.behave(error_rates={"server_error": 1.0})
    first = quire.evaluate(words(3), {"a": model}, [has_word], max_retries=0)
    assert first.aggregates["a"]["failed"] == 3
    echo.behave(error_rates={})
    assert quire.evaluate(words(3), {"a": model}, [has_word]).aggregates["a"]["failed"] == 0


def test_processes_share_the_file(echo: Simulator, make_model: MakeModel, workspace: Path) -> None:
    folder = make_model()._loaded.folder.root  # type: ignore[attr-defined]
    program = (
        "import sys, quire\n"
        "data = [{'inputs': {'word': f'w{n}'}} for n in range(40)]\n"
        "quire.evaluate(data, {'a': sys.argv[1]}, [quire.scorers.Latency()])\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    environment = {**os.environ, "QUIRE_TRACKING_URI": f"sqlite:///{workspace}/other.db"}
    subprocess.run(command, check=True, env=environment, capture_output=True)
    assert len(echo.requests) == 40
    quire.evaluate(words(40), {"a": folder}, [has_word])
    assert len(echo.requests) == 40


def test_what_is_kept_holds_no_secret_and_is_for_its_owner_alone(simulator: Simulator, make_model: MakeModel) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
    simulator.behave(recording={"Say w0": f"The key is {secret}.", "Say w1": "fine"})
    for _attempt in range(2):
        result = quire.evaluate(words(2), {"a": make_model()}, [length])
    assert len(simulator.requests) == 3, "an answer with a credential in it is not kept, the other is"
    content = b"".join(path.read_bytes() for path in default_path().parent.iterdir())
    assert secret.encode() not in content
    assert b"Say w" not in content
    assert default_path().stat().st_mode & 0o077 == 0
    assert "[REDACTED]" in next(result.rows("a")).outputs


def test_the_file_keeps_to_its_size(echo: Simulator, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_CACHE_MAX_MB", "1")
    long = [{"inputs": {"word": f"{n}" + "x" * 20_000}} for n in range(100)]
    quire.evaluate(long, {"a": make_model()}, [length])
    with sqlite3.connect(default_path()) as database:
        (size, first) = database.execute("SELECT sum(length(response)), min(rowid) FROM answers").fetchone()
    database.close()
    assert 400_000 < size < 1_048_576
    assert first > 1, "the oldest went first"


def test_files_that_are_something_else(echo: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    with pytest.raises(InvalidInput, match="is a SQLite database and not a cache of answers; it was left as it is"):
        quire.evaluate(words(1), {"a": make_model()}, [has_word], cache=tmp_path / "other.db")
    (tmp_path / "text").write_text("no database " * 100)
    with pytest.raises(InvalidInput, match="is not a cache of answers"):
        quire.evaluate(words(1), {"a": make_model()}, [has_word], cache=tmp_path / "text")
    with pytest.raises(InvalidInput, match="QUIRE_CACHE_MAX_MB is 'much'"):
        _open_with_size("much")
    assert echo.requests == []


def _open_with_size(size: str) -> None:
    from quire.caller import ServiceSettings

    os.environ["QUIRE_CACHE_MAX_MB"] = size
    try:
        AnswerCache(default_path(), ServiceSettings(api_key="k"), lambda call: 0)
    finally:
        del os.environ["QUIRE_CACHE_MAX_MB"]


def test_a_folder_that_cannot_be_written(echo: Simulator, make_model: MakeModel, read_only_disk: Path) -> None:
    with pytest.raises(PermissionDenied, match=r"cannot be opened for writing .*cache=False"):
        quire.evaluate(words(1), {"a": make_model()}, [has_word], cache=read_only_disk / "answers.db")


def test_what_judges_are_told_is_not_paid_twice(simulator: Simulator, make_model: MakeModel) -> None:
    judge = quire.judges.make_judge("tone", "Is {{ outputs }} friendly?", "gpt-4o-mini", feedback_value_type=bool)
    simulator.behave(recording=[])
    first = quire.evaluate(words(6), {"a": make_model()}, [judge])
    asked = len(simulator.requests)
    again = quire.evaluate(words(6), {"a": make_model()}, [judge])
    assert asked == 12
    assert len(simulator.requests) == asked
    assert first.aggregates["a"]["tone/missing"] == 0
    assert [row.scores for row in first.rows("a")] == [row.scores for row in again.rows("a")]
    assert quire.get_run(first.run_id).data.metrics["tone/cost_usd"] > 0
    assert quire.get_run(again.run_id).data.metrics["tone/cost_usd"] == 0
    assert judge.kept is None


def test_a_test_with_a_simulator_finds_no_answers_of_another(simulator: Simulator) -> None:
    assert default_path().parent.parent.name == "simulator-answers"
