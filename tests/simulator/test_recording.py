"""Recorded answers: found by the question, in every form in which they may be given; faulty ones are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from quire.domain.errors import InvalidInput, NotFound, QuireError
from quire.simulator.recording import read_recording
from quire.testing import Simulator, SimulatorProcess

RECORDS = [
    {"question": "What is 2 + 2?", "gpt-4o": {"solution": "4"}, "gpt-4": {"text": "four"}, "answer": "IV", "level": 1},
    {"question": "What is 2 + 2? And why?", "gpt-4o": "long"},
    {"question": "Where am I?", "answer": {"tool_calls": [{"name": "locate", "arguments": {"precise": True}}]}},
]


def ask(client: openai.OpenAI, question: Any, model: str = "gpt-4o") -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}]).choices[0]


@pytest.fixture
def recorded(simulator: Simulator, tmp_path: Path) -> Simulator:
    path = tmp_path / "answers.jsonl"
    path.write_text("\n\n".join(json.dumps(record) for record in RECORDS))
    simulator.behave(recording=path, unknown_question="error")
    return simulator


@pytest.mark.parametrize(
    ("question", "model", "answer"),
    [
        ("What is 2 + 2?", "gpt-4o", "4"),
        ("  What is 2 + 2?\n", "gpt-4o", "4"),
        ("Answer briefly.\n\nWhat is 2 + 2?\n\nBegin:", "gpt-4o", "4"),
        ("What is 2 + 2?", "gpt-4", "four"),
        ("What is 2 + 2?", "another", "IV"),
        ("Now: What is 2 + 2? And why? Think.", "gpt-4o", "long"),
        ([{"type": "text", "text": "Look:"}, {"type": "text", "text": "What is 2 + 2?"}], "gpt-4o", "4"),
    ],
)
def test_an_answer_is_found(recorded: Simulator, client: openai.OpenAI, question: Any, model: str, answer: str) -> None:
    assert ask(client, question, model).message.content == answer


def test_a_tool_call_is_recorded_too(recorded: Simulator, client: openai.OpenAI) -> None:
    choice = ask(client, "Where am I?")
    call = choice.message.tool_calls[0].function
    assert (call.name, json.loads(call.arguments), choice.finish_reason) == ("locate", {"precise": True}, "tool_calls")


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_question_is_an_error_if_told_so(recorded: Simulator, client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError, match=r"holds no answer of model 'gpt-4o' to: 'What is 3\?'") as met:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "What is 3?"}], stream=stream
        )
    assert met.value.code == "recording_missing"


def test_a_model_without_an_answer_is_an_error_too(recorded: Simulator, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="of model 'gpt-4'"):
        ask(client, "What is 2 + 2? And why?", "gpt-4")


def test_otherwise_it_is_answered_with_simulated_words(recorded: Simulator, client: openai.OpenAI) -> None:
    recorded.behave(unknown_question="simulate")
    assert ask(client, "What is 3?").message.content.startswith("[simulated]")


def test_every_task_is_answered_from_it(recorded: Simulator, client: openai.OpenAI) -> None:
    assert client.responses.create(model="gpt-4o", input="What is 2 + 2?").output_text == "4"
    assert client.completions.create(model="gpt-4o", prompt="Q: What is 2 + 2?").choices[0].text == "4"


def test_of_several_questions_in_a_message_the_longest_counts() -> None:
    index = read_recording({"Zoo?": "short", "A longer question?": "long"})
    for message in ("Zoo? A longer question?", "A longer question? Zoo?"):
        found = index.find(message, "m")
        assert found is not None
        assert found.text == "long"


def test_lines_with_one_question_add_to_one_another() -> None:
    index = read_recording([{"question": "q", "a": "1"}, {"question": "q", "b": "2"}])
    found = [index.find("q", model) for model in ("a", "b", "c")]
    assert [one and one.text for one in found] == ["1", "2", None]
    assert len(index) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON"),
        ("5", "is int. Give an object with 'question' and answers."),
        ("{}", "has no text under 'question'. Add it."),
        ('{"question": " "}', "has no text under 'question'. Add it."),
        ('{"question": "q", "answer": 5}', "has 5 as its answer. Give a text, an object"),
        (
            '{"question": "q", "m": {"tool_calls": [{}]}}',
            "has wrong 'tool_calls': Object missing required field `name`",
        ),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"question": "fine", "answer": "yes"}\n\n' + line + "\n")
    with pytest.raises(InvalidInput) as error:
        Simulator(recording=path)
    assert str(error.value).startswith(f"Line 3 of the recording {path} {message}")


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (5, "A recording is a file, a mapping or a list of records, not int."),
        ({"q": 5}, "The answer to 'q' has 5 as its answer."),
        (["q"], "Record 1 is str. Give an object"),
    ],
)
def test_a_faulty_recording_in_memory_is_named(recording: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_recording(recording)
    assert str(error.value).startswith(message)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.jsonl' does not exist \(looked in "):
        Simulator(recording=tmp_path / "none.jsonl")


def test_a_process_says_what_is_wrong_with_a_recording(tmp_path: Path) -> None:
    with pytest.raises(QuireError, match="does not exist"):
        SimulatorProcess(recording=str(tmp_path / "none.jsonl")).start()
    with SimulatorProcess() as running, pytest.raises(QuireError, match=r"Record 1 is int"):
        running.behave(recording=[5])
