from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import quire
from quire.domain.schema import ParamSchema, ParamSpec
from quire.domain.signature import ModelSignature
from quire.testing import Simulator
from tests.cli.conftest import OnTerminal, Quire

SECRET = "sk-" + "abcdef0123456789" * 3


@pytest.fixture
def model(workspace: Path) -> str:
    """A model saved as a folder."""
    quire.openai.save_model(
        "gpt-4o-mini",
        "chat.completions",
        str(workspace / "model"),
        messages=[{"role": "user", "content": "Say {word}"}],
        signature=ModelSignature(params=ParamSchema([ParamSpec("temperature", "double", 0.2, maximum=1)])),
    )
    return "model"


def write_words(path: Path, count: int) -> None:
    path.write_text("id,word\n" + "".join(f"{number},w{number}\n" for number in range(count)))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def assert_complete(path: Path, count: int) -> None:
    rows = read(path)
    assert [row["id"] for row in rows] == [str(number) for number in range(count)]
    assert [json.loads(row["output"])[0]["content"] for row in rows] == [f"Say w{number}" for number in range(count)]


def test_predict_writes_the_file_and_an_account(cli: Quire, simulator: Simulator, model: str, workspace: Path) -> None:
    simulator.behave(echo=True)
    write_words(workspace / "in.csv", 20)
    done = cli("predict", model, "-i", "in.csv", "-o", "out.csv")
    assert (done.code, done.err) == (0, "")
    assert_complete(workspace / "out.csv", 20)
    first, second = done.out.splitlines()
    assert first == "20 rows; 0 failed -> out.csv"
    assert second.startswith("20 requests (0 retries), ")
    assert ", cost $0.0" in second
    assert sorted(path.name for path in workspace.iterdir()) == ["in.csv", "model", "out.csv"]


def test_the_account_as_json(cli: Quire, simulator: Simulator, model: str, workspace: Path) -> None:
    write_words(workspace / "in.csv", 3)
    found = cli("predict", model, "-i", "in.csv", "-o", "out.parquet", "--json").json
    assert (found["rows"], found["failed"], found["requests"], found["journal"]) == (3, 0, 3, None)
    assert set(found) >= {"retries", "replayed", "input_tokens", "output_tokens", "cost_usd", "elapsed_s", "output"}


def test_streams_in_and_out(cli: Quire, simulator: Simulator, model: str) -> None:
    simulator.behave(echo=True)
    words = ("predict", model, "-i", "-", "--input-format", "jsonl", "-o", "-", "--output-format", "jsonl")
    done = cli(*words, input='{"word": "a"}\n{"word": "b"}\n')
    assert [json.loads(line)["word"] for line in done.out.splitlines()] == ["a", "b"]
    assert "2 rows; 0 failed -> -" in done.err


def test_a_registered_model_and_its_params(
    cli: Quire, simulator: Simulator, project: list[str], workspace: Path
) -> None:
    (workspace / "in.csv").write_text("animal\ncats\n")
    done = cli("predict", "joker@champion", "-i", "in.csv", "-o", "out.csv", "-p", "temperature=0.7")
    assert done.code == 0, done.err
    body = simulator.requests[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.7, 100)
    assert body["messages"][0]["content"] == "Tell me a funny joke about cats."


def test_failed_rows_are_counted_and_named(cli: Quire, simulator: Simulator, model: str, workspace: Path) -> None:
    (workspace / "in.jsonl").write_text('{"word": "a"}\n{"word": null}\n')
    done = cli("predict", model, "-i", "in.jsonl", "-o", "out.csv", "--on-error", "return")
    assert done.code == 0
    assert "2 rows; 1 failed -> out.csv" in done.out
    assert "First error: in.jsonl, line 2, column 'word', is null." in done.out
    assert "run the same command again to ask the failed rows anew" in done.out
    assert [bool(row["error"]) for row in read(workspace / "out.csv")] == [False, True]


def test_killed_and_run_again_the_output_is_complete_and_little_is_asked_twice(
    cli: Quire, simulator: Simulator, model: str, workspace: Path
) -> None:
    simulator.behave(echo=True, latency_ms=30)
    write_words(workspace / "in.csv", 400)
    words = ["predict", model, "-i", "in.csv", "-o", "out.csv", "--max-concurrency", "8"]
    kills = 0
    for target in (100, 250):
        process = subprocess.Popen([sys.executable, "-m", "quire", *words], cwd=workspace, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(simulator.requests) < target and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        assert not (workspace / "out.csv").exists()
        assert (workspace / "out.csv.journal").exists()
    summary = cli(*words, "--json").json
    assert_complete(workspace / "out.csv", 400)
    assert summary["rows"] == 400
    assert summary["replayed"] > 150
    asked = [request.body["messages"][0]["content"] for request in simulator.requests]
    assert set(asked) == {f"Say w{number}" for number in range(400)}
    # Only what was in flight when the process was killed may be asked anew: 8 requests, and those that had been
    # answered in the milliseconds before the journal's next write.
    assert len(asked) - 400 <= kills * 16
    assert sorted(path.name for path in workspace.iterdir()) == ["in.csv", "model", "out.csv"]


def test_ctrl_c_keeps_what_was_answered(cli: Quire, simulator: Simulator, model: str, workspace: Path) -> None:
    simulator.behave(echo=True, latency_ms=30)
    write_words(workspace / "in.csv", 300)
    words = ["predict", model, "-i", "in.csv", "-o", "out.csv", "--max-concurrency", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "quire", *words],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(simulator.requests) < 40:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err == ("Interrupted. Answered rows are kept in out.csv.journal; run the same command again to go on.\n")
    assert not (workspace / "out.csv.partial").exists()
    before = len(simulator.requests)
    assert cli(*words, "--json").json["rows"] == 300
    assert_complete(workspace / "out.csv", 300)
    assert len(simulator.requests) - before < 300


def test_two_at_once_on_one_output_are_told_apart(
    cli: Quire, simulator: Simulator, model: str, workspace: Path
) -> None:
    simulator.behave(latency_ms=200)
    write_words(workspace / "in.csv", 200)
    words = ["predict", model, "-i", "in.csv", "-o", "out.csv", "--max-concurrency", "4"]
    process = subprocess.Popen([sys.executable, "-m", "quire", *words], cwd=workspace, stdout=subprocess.DEVNULL)
    try:
        while not simulator.requests:
            time.sleep(0.01)
        second = cli(*words)
        assert second.code == 1
        assert "another process" in second.err
        assert (workspace / "out.csv.journal").exists()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        ("word\na\n", ["-p", "seed=1"], "Parameter 'seed' may not be set at prediction. This model lets a caller set"),
        ("word\na\n", ["-p", "temperature=hot"], "Parameter 'temperature' is 'hot'; expected a double of at most 1."),
        ("word\na\n", ["-p", "temperature=3"], "'temperature' is 3.0; expected a double of at most 1"),
        ("word\na\n", ["--on-error", "ignore"], "--on-error is 'ignore'; expected raise or return."),
        ("word\na\n", ["--max-concurrency", "0"], "max_concurrency is 0; expected a whole number of at least 1."),
        ("word\na\n", ["--max-cost-usd", "-1"], "max_cost_usd is -1.0; expected a number above 0."),
        ("word\na\n", ["--output-column", "word"], "The input already has the column(s) ['word']"),
        ("word\n", ["--input-format", "xml"], "--input-format is 'xml'; expected one of csv, tsv, jsonl, parquet."),
        ("word,b\na\n", [], "in.csv, line 2 has 1 values, and the first line names 2 columns."),
        ('word\n"a\n', [], "in.csv, line 2 is not CSV"),
        ("", [], "in.csv is empty"),
    ],
)
def test_bad_input_is_named_in_one_line(
    quick: Quire, simulator: Simulator, model: str, workspace: Path, content: str, words: list[str], message: str
) -> None:
    (workspace / "in.csv").write_text(content)
    done = quick("predict", model, "-i", "in.csv", "-o", "out.csv", *words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert message in done.err
    assert simulator.requests == []
    assert sorted(path.name for path in workspace.iterdir()) == ["in.csv", "model"]


def test_a_missing_file_key_or_model_is_named(cli: Quire, model: str, workspace: Path) -> None:
    write_words(workspace / "in.csv", 1)
    assert "The input file 'none.csv' does not exist" in cli("predict", model, "-i", "none.csv", "-o", "o.csv").err
    assert "OPENAI_API_KEY is not set" in cli("predict", model, "-i", "in.csv", "-o", "o.csv").err
    assert "There is no tracking store here" in cli("predict", "joker/1", "-i", "in.csv", "-o", "o.csv").err
    assert "none/MLmodel" in cli("predict", "./none", "-i", "in.csv", "-o", "o.csv").err
    assert sorted(path.name for path in workspace.iterdir()) == ["in.csv", "model"]


def test_a_server_that_is_not_there_is_named(cli: Quire, model: str, workspace: Path) -> None:
    write_words(workspace / "in.csv", 5)
    environment = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    done = cli("predict", model, "-i", "in.csv", "-o", "out.csv", "--max-retries", "0", **environment)
    assert done.code == 1
    assert "http://127.0.0.1:9" in done.err
    assert sorted(path.name for path in workspace.iterdir()) == ["in.csv", "model"]


def test_the_key_is_in_no_output_and_no_file(cli: Quire, simulator: Simulator, model: str, workspace: Path) -> None:
    simulator.behave(error_rates={"server_error": 0.5})
    write_words(workspace / "in.csv", 10)
    words = ("predict", model, "-i", "in.csv", "-o", "out.jsonl", "--on-error", "return", "--max-retries", "0")
    done = cli(*words, OPENAI_API_KEY=SECRET)
    refused = cli("predict", model, "-i", "in.csv", "-o", "x.csv", "-p", f"temperature={SECRET}")
    assert SECRET not in done.out + done.err + refused.out + refused.err
    for path in workspace.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


def test_a_full_device_is_named(cli: Quire, simulator: Simulator, model: str, workspace: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    write_words(workspace / "in.csv", 3)
    done = cli("predict", model, "-i", "in.csv", "-o", "/dev/full", "--output-format", "csv")
    assert done.code == 1
    assert "The output '/dev/full' cannot be written: No space left on device." in done.err


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal_alone(
    cli: Quire, on_terminal: OnTerminal, simulator: Simulator, model: str, workspace: Path
) -> None:
    simulator.behave(latency_ms=100)
    write_words(workspace / "in.csv", 10)
    assert "predict" in on_terminal("predict", model, "-i", "in.csv", "-o", "a.csv")
    assert "predict" not in cli("predict", model, "-i", "in.csv", "-o", "b.csv").err
