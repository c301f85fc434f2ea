"""The event that only counts tokens is cut out of a stream; every other byte passes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.calls import Task
from quire.serving.events import Events

COUNTS = b'data: {"choices":[],"usage":{"total_tokens":3}}'
SAYS = b'data: {"choices":[{"delta":{"content":"x"}}],"usage":null}'
FILTER = b'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}'
QUOTES = b'data: {"choices":[{"delta":{"content":"\\"choices\\":[]"}}]}'
NESTED = b'data: {"choices":[{"delta":{"x":{"choices":[]}}}],"usage":{"total_tokens":1}}'
ALERT = b": a comment"
DONE = b"data: [DONE]"
OTHERS = [SAYS, FILTER, QUOTES, NESTED, ALERT, DONE]


def passed(pieces: list[bytes], *, hides_usage: bool = True) -> bytes:
    events = Events("chat.completions", hides_usage=hides_usage)
    return b"".join([events.feed(piece) for piece in pieces] + [events.rest()])


@given(
    events=st.lists(st.sampled_from([COUNTS, *OTHERS]), max_size=8),
    end=st.sampled_from([b"\n\n", b"\r\n\r\n"]),
    cuts=st.lists(st.integers(0, 1000), max_size=6),
)
def test_whatever_the_events_and_the_cuts_the_one_that_counts_is_missing(
    events: list[bytes], end: bytes, cuts: list[int]
) -> None:
    stream = b"".join(event + end for event in events)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:stop] for start, stop in itertools.pairwise(places)]
    assert passed(pieces) == b"".join(event + end for event in events if event != COUNTS)
    assert passed(pieces, hides_usage=False) == stream


@pytest.mark.parametrize("space", [b"", b" ", b"\t"])
def test_spaces_in_its_json_make_no_difference(space: bytes) -> None:
    counts = COUNTS.replace(b":[]", b":" + space + b"[" + space + b"]")
    assert passed([SAYS + b"\n\n" + counts + b"\n\n" + DONE + b"\n\n"]) == SAYS + b"\n\n" + DONE + b"\n\n"


def ended(route: Task, stream: bytes) -> bool:
    events = Events(route, hides_usage=False)
    events.feed(stream)
    events.rest()
    return events.ended


@pytest.mark.parametrize(
    ("route", "event"),
    [
        ("chat.completions", b"data: [DONE]"),
        ("chat.completions", b"data:[DONE]"),
        ("chat.completions", b": a comment\ndata: [DONE]"),
        ("chat.completions", b'data: {"error": {"message": "no more"}}'),
        ("chat.completions", b'data: {"id": "c-1", "error": "no more"}'),
        ("completions", b"data: [DONE]"),
        ("responses", b'event: response.completed\ndata: {"type":"response.completed"}'),
        ("responses", b'data: {"type": "response.completed"}'),
        ("responses", b'event: message\ndata: {"sequence_number": 9, "type": "response.failed"}'),
        ("responses", b'event: error\ndata: {"message": "no more"}'),
    ],
)
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b""])
def test_the_last_event_is_known(route: Task, event: bytes, end: bytes) -> None:
    end_of_others = end or b"\n\n"
    assert ended(route, SAYS + end_of_others + event + end)


@pytest.mark.parametrize(
    ("route", "event"),
    [
        ("chat.completions", b'data: {"choices":[{"delta":{"content":"ends with data: [DONE]"}}]}'),
        ("chat.completions", b'data: {"choices":[{"delta":{"content":"data:[DONE]"}}],"error":null}'),
        ("chat.completions", b'data: {"choices":[{"delta":{"content":"an \\"error\\""}}]}'),
        ("chat.completions", b'data: {"choices":[{"delta":{"tool":{"error":{"x":1}}}}]}'),
        ("chat.completions", b": data: [DONE]"),
        ("completions", b'data: {"choices":[{"text":"data: [DONE]"}]}'),
        ("responses", b'event: response.output_text.delta\ndata: {"type":"x","delta":"event: response.completed"}'),
        ("responses", b'data: {"type":"response.output_text.delta","delta":"event: error"}'),
        ("responses", b'data: {"type":"response.output_item.done","item":{"error":{"type":"error"}}}'),
        ("responses", b'data: {"type":"response.created","response":{"error":null}}'),
    ],
)
def test_what_says_the_words_of_the_last_event_is_not_it(route: Task, event: bytes) -> None:
    assert not ended(route, SAYS + b"\n\n" + event + b"\n\n")
