"""What is counted of served requests, as Prometheus reads it; and the lines that the log has of them."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from quire.domain.calls import Usage
from quire.server.exposition import Histogram, family
from quire.serving.logging import RequestLog, request_id_of
from quire.serving.metrics import Metrics
from quire.serving.request import Ask, Caller, Done, Given, Outgoing

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? [0-9.e+-]+')


def done(**fields: Any) -> Done:
    ask = Ask(
        "chat.completions", fields.pop("endpoint", "joker"), {"messages": "SECRET"}, False, Caller("ada", "tk-1"),
        namespace="acme", request_id="req-1",
    )  # fmt: skip
    given: dict[str, Any] = {
        "out": Outgoing("chat.completions", {}, False),
        "given": Given("champion", "models:/joker@champion", name="joker", version="3"),
        "ending": "answered",
        "status": 200,
        "start_ns": 1_700_000_000_000_000_000,
        "latency_s": 0.2,
        "upstream_s": 0.199,
        "usage": Usage(7, 3, 2),
        "cost_usd": 0.25,
        "upstream": "default",
        "body": b"SECRET",
        "trace_id": "tr-1",
        "response_id": "c-1",
        **fields,
    }
    return Done(ask=ask, **given)


def counted(*ended: Done) -> dict[str, float]:
    """What the text says, by name and labels."""
    metrics = Metrics()
    for one in ended:
        metrics(one)
    return read(metrics.render())


def read(text: str) -> dict[str, float]:
    """The samples of a text, each line of which is well formed and stands below its family."""
    found, families = {}, set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in families
            families.add(name)
        elif not line.startswith("# HELP "):
            assert LINE.fullmatch(line), line
            name, value = line.rsplit(" ", 1)
            assert (
                re.sub(r"_(bucket|sum|count)$", "", name.partition("{")[0]) in families
                or name.partition("{")[0] in families
            )
            found[name] = float(value)
    return found


OF = 'endpoint="joker",arm="champion"'


def test_requests_are_counted_by_endpoint_arm_and_status() -> None:
    found = counted(done(), done(), done(ending="refused", status=400, out=None, upstream_s=None))
    assert found[f'quire_serving_requests_total{{{OF},status="200"}}'] == 2
    assert found[f'quire_serving_requests_total{{{OF},status="400"}}'] == 1
    assert found[f'quire_serving_endings_total{{{OF},ending="answered"}}'] == 2
    assert found['quire_serving_request_seconds_bucket{endpoint="joker",le="0.1"}'] == 0
    assert found['quire_serving_request_seconds_bucket{endpoint="joker",le="0.25"}'] == 3
    assert found['quire_serving_request_seconds_count{endpoint="joker"}'] == 3
    assert found['quire_serving_added_seconds_bucket{endpoint="joker",le="0.0025"}'] == 2


def test_tokens_and_cost_add_up() -> None:
    found = counted(done(), done(cost_usd=None))
    assert found[f'quire_serving_tokens_total{{{OF},kind="input"}}'] == 14
    assert found[f'quire_serving_tokens_total{{{OF},kind="cached_input"}}'] == 4
    assert found[f'quire_serving_tokens_total{{{OF},kind="output"}}'] == 6
    assert found[f"quire_serving_cost_usd_total{{{OF}}}"] == 0.25


def test_attempts_retries_fallbacks_and_hits_of_the_cache_are_counted() -> None:
    found = counted(done(attempts=3), done(upstream="other"), done(cached=True))
    assert found[f'quire_serving_upstream_attempts_total{{{OF},upstream="default"}}'] == 3
    assert found[f'quire_serving_upstream_attempts_total{{{OF},upstream="other"}}'] == 1
    assert found[f"quire_serving_retries_total{{{OF}}}"] == 2
    assert found[f"quire_serving_fallbacks_total{{{OF}}}"] == 1
    assert found[f"quire_serving_cache_hits_total{{{OF}}}"] == 1
    assert found[f'quire_serving_tokens_total{{{OF},kind="input"}}'] == 14  # of the two that an upstream answered


def test_a_stream_counts_when_its_first_token_came() -> None:
    found = counted(done(first_token_s=0.05), done())
    assert found['quire_serving_first_token_seconds_bucket{endpoint="joker",le="0.05"}'] == 1
    assert found['quire_serving_first_token_seconds_count{endpoint="joker"}'] == 1


def test_an_arm_that_gave_way_is_no_second_request() -> None:
    arm = Given("b", "models:/joker@b", trial_id="t-1", unit="u")
    found = counted(done(given=arm, ending="failed", status=502, fell_back=True), done(fell_back=True))
    assert found['quire_serving_arm_failures_total{endpoint="joker",arm="b"}'] == 1
    assert sum(value for name, value in found.items() if name.startswith("quire_serving_requests_total")) == 1


def test_units_of_trials_count_once() -> None:
    def of(unit: str) -> Done:
        return done(given=Given("b", "models:/joker@b", trial_id="t-1", unit=unit))

    found = counted(of("u-1"), of("u-2"), of("u-1"))
    assert found['quire_serving_trial_units_total{trial="t-1",arm="b"}'] == 2


def test_models_that_are_passed_through_make_no_labels() -> None:
    found = counted(*(done(endpoint=f"any-{place}", given=Given("", "")) for place in range(3)))
    assert found['quire_serving_requests_total{endpoint="*",arm="",status="200"}'] == 3
    assert not any("any-" in name for name in found)


def test_refusals_and_what_others_keep_are_shown() -> None:
    metrics = Metrics()
    metrics.refused("/v1/chat/completions", 401, "invalid_api_key")
    metrics.add_gauge("quire_serving_spans_waiting", "gauge", "Requests that wait.", lambda: [({}, 7)])
    found = read(metrics.render())
    assert found['quire_serving_refusals_total{status="401",code="invalid_api_key"}'] == 1
    assert found["quire_serving_spans_waiting"] == 7
    assert found["process_resident_memory_bytes"] > 0


def test_labels_are_escaped() -> None:
    text = "\n".join(family("a", "gauge", "What.", [({"b": 'quote " line\n slash \\'}, 1)]))
    assert r'a{b="quote \" line\n slash \\"} 1' in text
    read(text + "\n")


def test_a_histogram_counts_up_to_and_including_its_bounds() -> None:
    histogram = Histogram((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 3.0):
        histogram.add(seconds)
    assert histogram.lines("h", {}) == [
        'h_bucket{le="1.0"} 2',
        'h_bucket{le="2.0"} 3',
        'h_bucket{le="+Inf"} 4',
        "h_sum 6.000000",
        "h_count 4",
    ]


# -- the log -------------------------------------------------------------------------------------


def logged(*ended: Done) -> list[dict[str, Any]]:
    file = io.StringIO()
    log = RequestLog(file)
    log.start()
    for one in ended:
        log(one)
    log.close()
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_request_is_one_line_without_anything_that_was_said() -> None:
    (line,) = logged(done(first_token_s=0.1))
    assert line == {
        "time": "2023-11-14T22:13:20Z",
        "event": "request",
        "request_id": "req-1",
        "trace_id": "tr-1",
        "endpoint": "joker",
        "route": "chat.completions",
        "status": 200,
        "ending": "answered",
        "latency_ms": 200.0,
        "first_token_ms": 100.0,
        "upstream_ms": 199.0,
        "response_id": "c-1",
        "model_version": "joker/3",
        "arm": "champion",
        "upstream": "default",
        "input_tokens": 7,
        "output_tokens": 3,
        "cost_usd": 0.25,
        "caller": "ada",
        "token_id": "tk-1",
        "namespace": "acme",
    }


def test_a_failure_says_why_without_credentials() -> None:
    key = "sk-" + "a1b2" * 8
    (line,) = logged(done(ending="failed", status=502, error=f"The upstream refused {key}."))
    assert line["error"] == "The upstream refused [REDACTED]."


def test_a_refusal_does_not_repeat_what_was_asked() -> None:
    (line,) = logged(done(ending="refused", status=400, error="'topic' is SECRET"))
    assert "error" not in line


def test_a_refusal_before_anything_is_known_is_a_line_too() -> None:
    file = io.StringIO()
    log = RequestLog(file)
    log.refused("/v1/chat/completions", 401, "invalid_api_key")
    log.start()
    log.close()
    line = json.loads(file.getvalue())
    assert line.pop("time")
    assert line == {"event": "refusal", "path": "/v1/chat/completions", "status": 401, "code": "invalid_api_key"}


def test_lines_that_find_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quire.serving.logging.MOST_WAITING", 2)
    file = io.StringIO()
    log = RequestLog(file)
    for _ in range(5):
        log(done())
    log.start()
    log.close()
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line.get("lines_dropped", 0) for line in lines] == [3, 0]


def test_a_line_that_cannot_be_written_takes_nothing_along(caplog: pytest.LogCaptureFixture) -> None:
    file = io.StringIO()
    log = RequestLog(file)
    log.refused("/half-a-character-\ud800", 404, "not_found")
    log(done())
    log.start()
    log.close()
    assert len(file.getvalue().splitlines()) == 1
    assert "could not be written" in caplog.text


def test_a_log_that_nobody_reads_hurts_nobody() -> None:
    file = io.StringIO()
    file.close()
    log = RequestLog(file)
    log(done())
    log.start()
    log.close()


@pytest.mark.parametrize(("given", "kept"), [(b"abc-1.2_Z", True), (b"", False), (b"a b", False), (b"x" * 129, False)])
def test_a_callers_request_id_is_kept_if_it_can_be_one(given: bytes, kept: bool) -> None:
    found = request_id_of([(b"x-request-id", given)])
    assert (found == given.decode()) is kept
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", found)
