"""The cache, against a model of it; which answers it keeps, and under which key."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from quire.domain.calls import Task
from quire.domain.endpoints import Caching
from quire.serving.request import Outgoing, Reply
from quire.serving.sender.cache import _OVERHEAD, Cache, Kept
from quire.serving.sender.caching import cache_key, is_whole, is_whole_stream, may_be_kept
from tests.serving.sender.conftest import chat


def kept(body: bytes) -> Kept:
    return Kept(200, {}, body, "u")


class CacheMachine(RuleBasedStateMachine):
    """Entries of all sizes come and are asked for while time passes."""

    @initialize(entries=st.integers(1, 4))
    def begin(self, entries: int) -> None:
        self.most = entries * (_OVERHEAD + 10)
        self.cache = Cache(ttl_s=10.0, max_bytes=self.most)
        self.now = 0.0
        self.model: dict[bytes, tuple[float, bytes]] = {}  # the least used first

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(key=st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), size=st.sampled_from([0, 10, 500, 5000]))
    def put(self, key: bytes, size: int) -> None:
        body = key * size
        self.cache.put(key, kept(body), self.now)
        self.model.pop(key, None)
        if size + _OVERHEAD > self.most:
            return
        self.model[key] = (self.now + 10.0, body)
        while sum(len(body) + _OVERHEAD for _, body in self.model.values()) > self.most:
            del self.model[next(iter(self.model))]

    @rule(key=st.sampled_from([b"a", b"b", b"c", b"d", b"e"]))
    def get(self, key: bytes) -> None:
        found = self.cache.get(key, self.now)
        entry = self.model.pop(key, None)
        if entry is None or self.now >= entry[0]:
            assert found is None
            return
        self.model[key] = entry
        assert found is not None
        assert found.body == entry[1]

    @invariant()
    def sizes_agree(self) -> None:
        if hasattr(self, "cache"):
            assert self.cache.size <= self.most
            assert len(self.cache) == len(self.model)
            assert self.cache.size == sum(len(body) + _OVERHEAD for _, body in self.model.values())


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def key(body: dict[str, Any], route: Task = "chat.completions", model: str = "gpt-4o", stream: bool = False) -> bytes:
    return cache_key(Outgoing(route, body, stream=False), model, stream=stream)


def test_the_order_of_parameters_does_not_matter() -> None:
    assert key({"model": "x", "temperature": 0, "messages": []}) == key({"messages": [], "temperature": 0})


def test_the_order_inside_of_a_parameter_does() -> None:
    """A JSON schema's properties are answered in their order."""
    one = {"response_format": {"properties": {"a": {}, "b": {}}}}
    other = {"response_format": {"properties": {"b": {}, "a": {}}}}
    assert key(one) != key(other)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
bodies = st.dictionaries(st.sampled_from(["messages", "temperature", "seed", "user", "n", "tools"]), values)


@given(one=bodies, other=bodies)
def test_two_requests_share_a_key_only_if_they_ask_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(one) == key(copy.deepcopy(one))
    if repr(sorted(one.items(), key=lambda item: item[0])) != repr(sorted(other.items(), key=lambda item: item[0])):
        assert key(one) != key(other)


def test_what_else_makes_a_request_another() -> None:
    body = chat().body
    keys = [
        key(body),
        key(body, route="responses"),
        key(body, model="gpt-4o-mini"),
        key(body, stream=True),
        key({**body, "user": "ann"}),
        key({**body, "metadata": {"a": "b"}}),
        key({**body, "temperature": 0}),
        key({**body, "temperature": 0.0}),
        key({**body, "n": 1}),
        key({**body, "n": True}),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({}, True),
        ({"temperature": 1}, True),
        ({"store": False}, True),
        ({"store": True}, False),
        ({"background": True}, False),
        ({"previous_response_id": "resp_1"}, False),
        ({"conversation": "conv_1"}, False),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, True),
        ({"tools": [{"type": "custom"}]}, True),
        ({"tools": [{"type": "web_search"}]}, False),
        ({"tools": [{"type": "function"}, {"type": "code_interpreter"}]}, False),
        ({"tools": "nonsense"}, False),
        ({"web_search_options": {}}, False),
    ],
)
def test_only_answers_that_follow_from_the_request_are_kept(more: dict[str, Any], kept: bool) -> None:
    assert may_be_kept(chat(**more), Caching()) is kept


@pytest.mark.parametrize(
    ("out", "kept"),
    [
        (chat(), False),
        (chat(temperature=0), True),
        (chat(temperature=0.0), True),
        (chat(temperature=0.1), False),
        (chat(seed=1), True),
        (chat(temperature=0, store=True), False),
        (Outgoing("embeddings", {"input": "x"}, stream=False), True),
    ],
)
def test_only_deterministic_ones_where_that_is_said(out: Outgoing, kept: bool) -> None:
    assert may_be_kept(out, Caching(deterministic_only=True)) is kept


@pytest.mark.parametrize(
    ("route", "status", "body", "whole"),
    [
        ("chat.completions", 200, b'{"choices": []}', True),
        ("chat.completions", 201, b'{"choices": []}', False),
        ("chat.completions", 429, b'{"error": {}}', False),
        ("chat.completions", 200, b'{"error": {"message": "no"}}', False),
        ("chat.completions", 200, b'{"choices": ', False),
        ("chat.completions", 200, b"[]", False),
        ("chat.completions", 200, b"\xff", False),
        ("responses", 200, b'{"status": "completed"}', True),
        ("responses", 200, b'{"status": "incomplete"}', False),
        ("responses", 200, b'{"status": "failed"}', False),
    ],
)
def test_only_whole_answers_are_kept(route: Task, status: int, body: bytes, whole: bool) -> None:
    assert is_whole(route, Reply(status, {}, body)) is whole


@pytest.mark.parametrize(
    ("route", "body", "whole"),
    [
        ("chat.completions", b"data: {}\n\ndata: [DONE]\n\n", True),
        ("chat.completions", b"data: {}\r\n\r\ndata: [DONE]\r\n\r\n", True),
        ("chat.completions", b"data: {}\n\ndata:[DONE]\n\n", True),
        ("chat.completions", b'data: {"error": {}}\n\ndata: [DONE]\n\n', False),
        ("chat.completions", b'data: {"choices": "error"}\n\ndata: [DONE]\n\n', True),
        ("chat.completions", b"data: {}\n\n", False),
        ("chat.completions", b'data: {"error": {}}\n\n', False),
        ("responses", b'event: response.completed\ndata: {"type":"response.completed"}\n\n', True),
        ("responses", b'data: {"type":"response.failed"}\n\n', False),
        ("responses", b'data: {"type":"response.completed"}\n\ndata: {"type":"error"}\n\n', False),
    ],
)
def test_only_streams_that_came_to_their_end_are_kept(route: Task, body: bytes, whole: bool) -> None:
    assert is_whole_stream(route, 200, body) is whole
    assert not is_whole_stream(route, 206, body)
