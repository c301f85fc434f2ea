from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Quire


@contextmanager
def simulating(*words: str) -> Iterator[Any]:
    """The simulator in a process of its own; gives what it printed as JSON."""
    process = subprocess.Popen(
        [sys.executable, "-m", "quire", "simulate", "--port", "0", "--json", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        yield json.loads(text)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def ask(where: Any, question: str) -> str:
    import openai

    client = openai.OpenAI(base_url=where["base_url"], api_key="any", max_retries=0)
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
    return str(answer.choices[0].message.content)


def test_it_serves_what_it_says_to_export(workspace: Path) -> None:
    with simulating("--echo") as where:
        assert where["simulator"] is True
        assert where["environment"]["OPENAI_BASE_URL"] == where["base_url"]
        assert json.loads(ask(where, "hello"))[0]["content"] == "hello"


def test_a_recording_is_served(workspace: Path) -> None:
    (workspace / "answers.jsonl").write_text('{"question": "What is 2 + 2?", "gpt-4o-mini": "4"}\n')
    with simulating("--recording", "answers.jsonl", "--latency", "uniform:1:2", "--seed", "3") as where:
        assert ask(where, "What is 2 + 2?") == "4"


def test_a_behaviour_file_is_followed_unless_an_option_says_otherwise(workspace: Path) -> None:
    (workspace / "told").mkdir()
    (workspace / "told" / "answers.jsonl").write_text('{"question": "What is 2 + 2?", "answer": "4"}\n')
    (workspace / "told" / "storm.yaml").write_text("recording: answers.jsonl\nerror_rates: {429: 1}\n")
    with simulating("--behaviour", "told/storm.yaml", "--error-rate", "429=0") as where:
        assert ask(where, "What is 2 + 2?") == "4"


def test_errors_as_told(workspace: Path) -> None:
    import openai

    with simulating("--error-rate", "429=1") as where, pytest.raises(openai.RateLimitError):
        ask(where, "hello")


def test_it_is_labelled_and_says_what_to_export(workspace: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "quire", "simulate", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if "Ctrl-C" in line:
            break
    process.terminate()
    process.communicate(timeout=30)
    assert text.startswith("A simulator of the OpenAI API listens on http://127.0.0.1:")
    assert "no model writes them" in text
    assert "  export OPENAI_API_KEY=simulator\n" in text
    assert "  export OPENAI_API_TYPE=azure\n" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recording", "none.jsonl"], "The recording 'none.jsonl' does not exist"),
        (["--host", "0.0.0.0"], "'0.0.0.0' is reachable from others. Use 127.0.0.1, or allow it with allow_remote"),
        (["--error-rate", "429"], "--error-rate is '429'; expected KIND=SHARE, such as 429=0.2."),
        (["--error-rate", "418=0.5"], "Unknown kind '418' in error_rates."),
        (["--error-rate", "429=2"], "Give a share from 0 to 1."),
        (["--latency", "slow"], "slow"),
        (["--unknown-question", "x"], "unknown_question"),
        (["--rpm", "0"], "requests_per_minute is 0."),
        (["--behaviour", "none.yaml"], "The behaviour file 'none.yaml' does not exist"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(quick: Quire, words: list[str], message: str) -> None:
    done = quick("simulate", "--port", "0", *words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert message in done.err
