"""Traces for tests of the pages that show them: real calls to the simulator, recorded by autologging."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai

import quire
from quire.testing import Simulator
from tests.spans import export

HOSTILE = (
    "<img src=x onerror=\"document.title='broken into'\"> \x1b[31mred\x1b[0m مرحبا 🎉 [go](javascript:alert(1)) end"
)
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}},
}
_PICTURE = {"type": "image_url", "image_url": {"url": "https://pictures.invalid/a.png"}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"place": "Oslo"}'}}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Is it cold there?"}, _PICTURE]},
    {"role": "assistant", "content": None, "tool_calls": [_CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "4 degrees"},
]


@contextlib.contextmanager
def recording(url: str, experiment: str) -> Iterator[tuple[str, openai.OpenAI]]:
    """Record to an experiment of the server: its id, and a client of a simulator whose calls are traced."""
    quire.set_tracking_uri(url)
    made = quire.set_experiment(experiment)
    with Simulator() as service, openai.OpenAI(base_url=service.base_url, api_key="any", max_retries=0) as client:
        quire.openai.autolog()
        try:
            yield made.experiment_id, client
        finally:
            quire.tracing.flush()
            quire.openai.autolog(disable=True)


def traced(act: Callable[[], object]) -> str:
    """The id of the trace of what ``act`` does."""
    with contextlib.suppress(openai.OpenAIError, ValueError):
        act()
    quire.tracing.flush()
    found = quire.get_last_active_trace_id()
    assert found is not None
    return found


def say(client: openai.OpenAI, text: str, model: str = "gpt-4o-mini") -> Callable[[], object]:
    """A chat completion of one question."""
    return lambda: client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])


def agent(client: openai.OpenAI) -> Callable[[], object]:
    """An agent's work: two tools beside one another, a talk with a tool's result and a picture, a streamed answer."""

    @quire.trace(span_type="TOOL")
    def look(place: str) -> str:
        return f"4 degrees in {place}"

    @quire.trace(name="forecast", span_type="AGENT")
    def forecast(question: str) -> str:
        with quire.tracing.context(session_id="talk-1", user="ada"):
            look("Oslo")
            client.chat.completions.create(model="gpt-4o", messages=TALK, tools=[TOOL])  # type: ignore[call-overload]
            pieces = client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": question}], stream=True
            )
            return "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)

    def run() -> object:
        with quire.tracing.context(session_id="talk-1", user="ada"):
            return forecast("Is it cold?")

    return run


def failing() -> Callable[[], object]:
    """Work that ends with an exception."""

    @quire.trace(name="break")
    def work(number: int) -> int:
        raise ValueError(f"{number} is not allowed")

    return lambda: work(7)


def post(url: str, experiment: str, *spans: Any) -> None:
    """Send spans to an experiment of a server, as an exporter does."""
    headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment}
    answer = httpx.post(f"{url}/v1/traces", content=export(*spans).SerializeToString(), headers=headers)
    assert answer.status_code == 200, answer.text
