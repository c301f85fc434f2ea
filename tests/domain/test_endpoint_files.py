"""Endpoints as a file says them, and whether they hold together."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from quire.domain.endpoint_checks import check_endpoint
from quire.domain.endpoint_files import endpoint_fields, read_endpoint, read_endpoints
from quire.domain.endpoints import Breaker, Caching, Endpoint, Hedging, Limits, Retrying, Shadow, Upstream
from quire.domain.errors import InvalidInput

FULL = """
name: joker
model: models:/joker@champion
upstream: {name: east, base_url: https://east.example.com/v1, api_key_env: EAST_KEY}
fallbacks:
- {name: azure, api_type: azure, api_version: 2024-10-21, deployment: mini, api_key_env: AZURE_KEY, model: mini}
retrying: {timeout_s: 30, deadline_s: 90, retries: 0}
breaker: {failing: 0.2, least: 5, window_s: 3, rest_s: 0}
hedging: {after_s: 0, most: 0}
caching: {ttl_s: 9, max_bytes: 1000, deterministic_only: true}
limits: {max_request_bytes: 1, max_response_bytes: 1, concurrency: 1, waiting: 0, requests_per_minute: 0.5}
shadows: [{name: next, model: models:/joker/2, sample: 0}]
passes: [tools]
trace_sample: 0
log_content: false
experiment: jokes
description: for tests
"""


def with_fields(**fields: Any) -> Endpoint:
    return Endpoint(**{"name": "joker", "model": "models:/joker/1", **fields})


def test_a_file_says_every_field_and_what_is_written_is_read_again() -> None:
    endpoint = read_endpoint(yaml.safe_load(FULL))
    assert endpoint.fallbacks[0].api_version == "2024-10-21", "which YAML takes for a date"
    assert {field for field in Endpoint.__struct_fields__ if field not in endpoint_fields(endpoint)} == {
        *("revision", "creation_time", "last_update_time"),
    }
    assert read_endpoint(endpoint_fields(endpoint)) == endpoint
    assert endpoint_fields(with_fields()) == {"name": "joker", "model": "models:/joker/1"}


def test_what_the_store_fills_is_left_out() -> None:
    listed = msgspec.to_builtins(with_fields(revision=7, creation_time=1, last_update_time=2))
    assert read_endpoints({"endpoints": [listed]}) == [with_fields()]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "Invalid endpoint name ''"),
        ({"name": "-a"}, "a letter or digit first"),
        ({"name": "a" * 101}, "1 to 100"),
        ({"model": ""}, "is not a model URI"),
        ({"model": "models:/joker"}, "is not a model URI"),
        ({"upstream": Upstream(name="")}, "its name may hold letters"),
        ({"upstream": Upstream(base_url="ftp://x")}, "expected http://"),
        ({"upstream": Upstream(base_url="https://ann:sesame@x")}, "looks like a credential"),
        ({"upstream": Upstream(api_type="aws")}, "one of openai, azure"),
        ({"upstream": Upstream(api_key_env="sk-proj-abcdefghijklmnop")}, "the key itself is never written down"),
        ({"fallbacks": [Upstream(api_key_env="MY KEY")]}, "no name of an environment variable"),
        ({"retrying": Retrying(timeout_s=0)}, "retrying.timeout_s is 0"),
        ({"retrying": Retrying(deadline_s=float("inf"))}, "retrying.deadline_s is inf"),
        ({"retrying": Retrying(retries=-1)}, "expected 0 or more retries"),
        ({"breaker": Breaker(failing=0)}, "breaker.failing is 0"),
        ({"breaker": Breaker(failing=1.1)}, "a share from 0 to 1"),
        ({"breaker": Breaker(least=0)}, "breaker.least is 0"),
        ({"breaker": Breaker(window_s=0)}, "breaker.window_s is 0"),
        ({"breaker": Breaker(rest_s=-1)}, "breaker.rest_s is -1"),
        ({"hedging": Hedging(after_s=-1)}, "hedging.after_s is -1"),
        ({"hedging": Hedging(after_s=1, most=2)}, "a share from 0 to 1"),
        ({"caching": Caching(ttl_s=0)}, "caching.ttl_s is 0"),
        ({"caching": Caching(max_bytes=0)}, "caching.max_bytes is 0"),
        ({"limits": Limits(max_request_bytes=0)}, "limits.max_request_bytes is 0"),
        ({"limits": Limits(max_response_bytes=0)}, "limits.max_response_bytes is 0"),
        ({"limits": Limits(concurrency=0)}, "limits.concurrency is 0"),
        ({"limits": Limits(waiting=-1)}, "limits.waiting is -1"),
        ({"limits": Limits(requests_per_minute=0)}, "limits.requests_per_minute is 0"),
        ({"shadows": [Shadow(name="a b", model="models:/j/1")]}, "a name of its own"),
        ({"shadows": [Shadow(name="a", model="models:/j/1")] * 2}, "a name of its own"),
        ({"shadows": [Shadow(name="a", model="models:/j")]}, "is not a model URI"),
        ({"shadows": [Shadow(name="a", model="models:/j/1", sample=2)]}, "a share from 0 to 1"),
        ({"shadows": [Shadow(name="a", model="models:/j/1", concurrency=0)]}, "concurrency is 0"),
        ({"trace_sample": -0.1}, "a share from 0 to 1"),
        ({"trace_sample": float("nan")}, "a share from 0 to 1"),
        ({"experiment": " "}, "Invalid experiment name"),
    ],
)
def test_what_does_not_hold_together_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        check_endpoint(with_fields(**fields))
    assert "sk-proj" not in caught.value.message
    assert "sesame" not in caught.value.message


def test_upstreams_may_share_a_name_which_senders_tell_apart() -> None:
    check_endpoint(with_fields(fallbacks=[Upstream(base_url="https://west.example.com")]))
