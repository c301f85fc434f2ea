"""Whatever breaks in recording, the program's call is what it would have been."""

from __future__ import annotations

import contextvars
import gc
from collections.abc import Callable
from typing import Any

import openai
import pytest

import quire
from quire.testing import Simulator
from tests.openai.autologging.conftest import Recorded

MESSAGES: Any = [{"role": "user", "content": "Say hello"}]
ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}
PACKAGE = "quire.openai.autologging"
PARTS = [
    f"{PACKAGE}.hook.is_enabled",
    f"{PACKAGE}.hook.traced_call",
    f"{PACKAGE}.hook.activate",
    f"{PACKAGE}.hook.deactivate",
    f"{PACKAGE}.hook.ask_for_usage",
    f"{PACKAGE}.hook.watch_stream",
    f"{PACKAGE}.hook.watch_raw",
    f"{PACKAGE}.hook.note_request",
    f"{PACKAGE}.streams.closing",
    f"{PACKAGE}.watching.begin",
    f"{PACKAGE}.watching.to_json",
    f"{PACKAGE}.watching.asked_body",
    f"{PACKAGE}.watching.request_attributes",
    "quire.tracing.completing.answer_attributes",
    f"{PACKAGE}.watching.assembler",
    f"{PACKAGE}.watching.encoded",
    f"{PACKAGE}.assembling_chat._Choice.add",
    f"{PACKAGE}.assembling_chat.Chat.answer",
    "quire.tracing.span.Span.set_attribute",
    "quire.tracing.span.Span.record_exception",
    "quire.tracing.span.Span._finished",
    "quire.tracing.live.LiveTrace.add",
    "quire.tracing.writing.stored",
    "quire.tracing.completing.estimated_usage",
    "quire.store.sql.store.SqlStore.log_traces",
]


def whole(client: openai.OpenAI) -> Any:
    return client.chat.completions.create(**ASKED, seed=1).choices[0].message.content


def streamed(client: openai.OpenAI) -> Any:
    return [piece.choices[0].delta for piece in client.chat.completions.create(**ASKED, seed=1, stream=True)]


def left_early(client: openai.OpenAI) -> Any:
    with client.chat.completions.create(**ASKED, seed=1, stream=True) as stream:
        return next(stream).choices


def raw(client: openai.OpenAI) -> Any:
    return client.chat.completions.with_raw_response.create(**ASKED, seed=1).parse().choices


def read_by_the_program(client: openai.OpenAI) -> Any:
    with client.chat.completions.with_streaming_response.create(**ASKED, seed=1, stream=True) as response:
        return len(list(response.iter_lines()))


def refused(client: openai.OpenAI) -> Any:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-4o-mini", messages=[])
    return str(caught.value)


WAYS: list[Callable[[openai.OpenAI], Any]] = [whole, streamed, left_early, raw, read_by_the_program, refused]


class Broken(Exception):
    """A part of recording that does not work."""


def broken(*_args: Any, **_kwargs: Any) -> Any:
    raise Broken("this part is broken")


@pytest.fixture(scope="module")
def expected(service: Simulator) -> list[Any]:
    """What the program gets without autologging."""
    quire.openai.autolog(disable=True)
    with openai.OpenAI(base_url=service.base_url, api_key="any", max_retries=0) as client:
        return [way(client) for way in WAYS]


@pytest.mark.parametrize("part", PARTS)
def test_a_broken_part_breaks_no_call(
    recorded: Recorded, client: openai.OpenAI, expected: list[Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quire.openai.autolog(silent=True)
    with monkeypatch.context() as patch:
        patch.setattr(part, broken)
        # in a context of its own, where a span that is not taken back stays the current one
        assert contextvars.copy_context().run(lambda: [way(client) for way in WAYS]) == expected
        gc.collect()
        try:
            quire.tracing.flush()
        except Exception as error:
            assert "this part is broken" in str(error)  # noqa: PT017
    whole(client)
    assert any(span.status.status_code == "OK" and span.outputs for span in recorded.spans())
