"""Prompts that Quire registered are read by MLflow's client through the server, and MLflow's by Quire."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

import quire
from tests.server.conftest import Served
from tests.server.mlflow_program import answers_of

pytestmark = pytest.mark.mlflow
PROGRAM = Path(__file__).with_name("mlflow_prompt_flows.py")
CHAT = [{"role": "system", "content": "You are {{style}}."}, {"role": "user", "content": "{{question}}"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.fixture(scope="module")
def exchanged(server: Served, mlflow_python: Path) -> tuple[str, str, dict[str, Any]]:
    """The names of Quire's prompts and of MLflow's, and what MLflow read."""
    theirs, ours = (f"{who}-{uuid.uuid4().hex[:8]}" for who in ("quire", "mlflow"))
    quire.set_tracking_uri(server.url)
    quire.register_prompt(theirs, "Say {{x}}", "first", {"a": "b"})
    quire.register_prompt(theirs, CHAT, "second", response_format=SCHEMA, model_config={"temperature": 0.5})
    quire.set_prompt_alias(theirs, "prod", 2)
    quire.register_prompt(f"{theirs}-composed", f"{{{{> {theirs}/1 }}}}!")
    quire.set_tracking_uri(None)
    return theirs, ours, answers_of(mlflow_python, PROGRAM, server.url, theirs, ours)


@pytest.fixture(autouse=True)
def _store(server: Served) -> None:
    quire.set_tracking_uri(server.url)


def test_mlflow_reads_what_quire_registered(exchanged: tuple[str, str, dict[str, Any]]) -> None:
    theirs, _, found = exchanged
    empty = {"tags": {}, "aliases": [], "config": None, "format": None}
    text = {"version": 1, "template": "Say {{x}}", "message": "first", "variables": ["x"]}
    assert found["text"] == {**empty, **text, "tags": {"a": "b"}}
    assert found["chat"] == {
        **empty,
        "version": 2,
        "template": CHAT,
        "message": "second",
        "aliases": ["prod"],
        "config": {"temperature": 0.5},
        "format": SCHEMA,
        "variables": ["question", "style"],
    }
    assert {**found["composed"], "message": ""} == {**empty, **text, "template": "Say {{x}}!", "message": ""}
    assert found["filled"] == quire.load_prompt(theirs, 2).format(style="terse", question="Why?")
    assert found["listed"] == [theirs, f"{theirs}-composed"]
    assert found["of prompt"] == {"a": "b"}
    assert found["versions"] == [2, 1]
    assert found["changed"] == "INVALID_PARAMETER_VALUE"


def test_quire_sees_what_mlflow_changed(exchanged: tuple[str, str, dict[str, Any]]) -> None:
    theirs, _, _ = exchanged
    assert quire.load_prompt(f"prompts:/{theirs}@theirs").template == "Say {{x}}"
    assert quire.load_prompt(theirs, 2).model_config == {"temperature": 1.5}


def test_quire_reads_what_mlflow_registered(exchanged: tuple[str, str, dict[str, Any]]) -> None:
    _, ours, _ = exchanged
    first = quire.load_prompt(f"prompts:/{ours}@prod")
    assert (first.template, first.commit_message, first.tags, first.aliases) == (
        "Hi {{who}}",
        "first",
        {"a": "b"},
        ["prod"],
    )
    assert first.format(who="Ada") == "Hi Ada"
    second = quire.load_prompt(ours, 2)
    assert second.template == [{"role": "user", "content": "{{ q }}"}]
    assert (second.response_format, second.model_config) == (
        {"type": "object"},
        {"model_name": "m", "anthropic_version": "x"},
    )


def test_quire_finds_what_used_a_prompt_in_mlflow(exchanged: tuple[str, str, dict[str, Any]]) -> None:
    _, ours, found = exchanged
    assert [run.info.run_id for run in quire.prompt_usage(f"prompts:/{ours}/1").runs] == [found["run"]]
    assert [trace.trace_id for trace in quire.prompt_usage(f"prompts:/{ours}/2").traces] == [found["trace"]]
