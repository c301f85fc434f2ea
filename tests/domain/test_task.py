"""Tasks: every spelling and object by which a user may name one, without a key and without the SDK."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import openai
import openai.resources.chat.completions
import openai.resources.embeddings
import pytest
from openai.resources.responses import Responses

from quire.domain.errors import InvalidInput
from quire.domain.task import task_name

CLIENT = openai.OpenAI(api_key="any")
ASYNC = openai.AsyncOpenAI(api_key="any")


@pytest.mark.parametrize(
    ("given", "task"),
    [
        ("chat.completions", "chat.completions"),
        ("ChatCompletion", "chat.completions"),
        ("openai.ChatCompletion", "chat.completions"),
        ("openai.chat.completions", "chat.completions"),
        ("chat_completions", "chat.completions"),
        ("/v1/chat/completions", "chat.completions"),
        ("llm/v1/chat", "chat.completions"),
        ("completions", "completions"),
        ("openai.Completion", "completions"),
        ("llm/v1/completions", "completions"),
        ("embeddings", "embeddings"),
        ("Embedding", "embeddings"),
        ("responses", "responses"),
        (CLIENT.chat.completions, "chat.completions"),
        (CLIENT.chat, "chat.completions"),
        (CLIENT.chat.completions.create, "chat.completions"),
        (CLIENT.chat.completions.with_raw_response, "chat.completions"),
        (CLIENT.completions, "completions"),
        (CLIENT.embeddings, "embeddings"),
        (CLIENT.responses, "responses"),
        (ASYNC.chat.completions, "chat.completions"),
        (ASYNC.embeddings, "embeddings"),
        (openai.resources.chat.Completions, "chat.completions"),
        (openai.resources.chat.AsyncCompletions, "chat.completions"),
        (openai.resources.chat.Completions.create, "chat.completions"),
        (openai.resources.Completions, "completions"),
        (openai.resources.Embeddings, "embeddings"),
        (Responses, "responses"),
        (openai.resources.chat.completions, "chat.completions"),
        (openai.resources.embeddings, "embeddings"),
    ],
)
def test_a_task_is_known_by_name_resource_method_class_or_module(given: Any, task: str) -> None:
    assert task_name(given) == task


@pytest.mark.parametrize(
    ("name", "task"),
    [("chat", "chat.completions"), ("completions", "completions"), ("embeddings", "embeddings")],
)
def test_resources_of_the_module_need_no_key(name: str, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert task_name(getattr(openai, name)) == task


def test_classes_of_the_sdk_before_version_1_are_known() -> None:
    for name, task in (("ChatCompletion", "chat.completions"), ("Completion", "completions")):
        assert task_name(type(name, (), {"__module__": "openai.api_resources.x"})) == task


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("nope", "'nope'"),
        ("images", "'images'"),
        (openai.images, "ImagesProxy"),
        (CLIENT.files, "openai.resources.files"),
        (type("Completions", (), {}), "Completions"),
        (3, "builtins.int"),
        (None, "NoneType"),
        (openai, "openai"),
    ],
)
def test_an_unknown_task_is_refused_with_the_list(given: Any, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InvalidInput) as caught:
        task_name(given)
    assert shown in caught.value.message
    assert "Expected one of 'chat.completions', 'completions', 'embeddings', 'responses'" in caught.value.message


def test_naming_a_task_imports_no_sdk() -> None:
    code = "import sys, quire.domain.task as t; t.task_name('chat'); assert 'openai' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
