"""Settings of an endpoint that cannot work, and where upstreams and keys are taken from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quire.domain.endpoints import Breaker, Caching, Endpoint, Hedging, Limits, Retrying, Upstream
from quire.domain.errors import InvalidInput, MissingConfiguration
from quire.serving.sender import make_sender
from quire.serving.sender.services import service_of
from quire.testing import Simulator
from tests.serving.sender.conftest import ENVIRON, chat

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"retrying": Retrying(timeout_s=0)}, "retrying.timeout_s is 0"),
    ({"breaker": Breaker(failing=0)}, "breaker.failing is 0"),
    ({"hedging": Hedging(after_s=1, most=2)}, "hedging.most is 2"),
    ({"caching": Caching(max_bytes=-1)}, "caching.max_bytes is -1"),
    ({"limits": Limits(concurrency=0)}, "limits.concurrency is 0"),
    ({"upstream": Upstream(api_type="magic")}, "api_type is 'magic'"),
    ({"fallbacks": [Upstream(base_url="ftp://x")]}, "base_url is 'ftp://x'"),
]
"""Some of what tests of endpoints try in full."""


@pytest.mark.parametrize(("settings", "said"), WRONG)
def test_an_endpoint_that_cannot_work_has_no_sender(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match="The endpoint 'joker': ") as met:
        make_sender(Endpoint(name="joker", model="models:/joker/1", **settings), environ=ENVIRON)
    assert said in str(met.value)


def test_upstreams_without_names_get_their_own() -> None:
    sender = make_sender(
        Endpoint(name="joker", model="m", fallbacks=[Upstream(model="a"), Upstream(name="b")]), environ=ENVIRON
    )
    assert [station.channel.name for station in sender._stations] == ["default", "default-2", "b"]


def test_what_an_upstream_does_not_say_the_environment_does() -> None:
    service = service_of(Upstream(), {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://a/v1"})
    assert (service.api_key, service.base_url) == ("k", "http://a/v1")
    service = service_of(Upstream(base_url="http://b/v1"), {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://a/v1"})
    assert (service.api_key, service.base_url) == ("k", "http://b/v1")


def test_an_upstream_names_the_variable_of_its_key() -> None:
    service = service_of(Upstream(api_key_env="EUROPE"), {"OPENAI_API_KEY": "k", "EUROPE": "e"})
    assert service.api_key == "e"
    token = service_of(
        Upstream(api_key_env="EUROPE", api_type="azure_ad", base_url="https://x", api_version="1"), {"EUROPE": "e"}
    )
    assert (token.api_key, token.ad_token) == (None, "e")


def test_azure_beside_openai() -> None:
    azure = Upstream(api_type="azure", base_url="https://x", api_version="1", deployment="d", api_key_env="AZURE")
    service = service_of(azure, {"OPENAI_API_KEY": "k", "AZURE": "a"})
    assert (service.api_type, service.api_key, service.deployment) == ("azure", "a", "d")


@pytest.mark.parametrize(
    ("upstream", "said"),
    [
        (Upstream(name="europe", api_key_env="EUROPE"), "Upstream 'europe' takes its key .* EUROPE, which is not set"),
        (Upstream(), "OPENAI_API_KEY is not set"),
        (Upstream(api_type="azure"), "needs OPENAI_API_KEY"),
    ],
)
def test_a_missing_key_is_named(upstream: Upstream, said: str) -> None:
    with pytest.raises(MissingConfiguration, match=said):
        make_sender(Endpoint(name="joker", model="m", upstream=upstream), environ={})


def test_what_takes_long_is_done_when_a_sender_is_made(simulator: Simulator) -> None:
    """It is made in a thread; the event loop that then uses it is not held up by the first request."""
    endpoint = Endpoint(name="joker", model="m", fallbacks=[Upstream(base_url="https://upstream.invalid/v1")])
    sender = make_sender(endpoint)
    first, second = (station.channel for station in sender._stations)
    assert len(first._addresses) == len(second._addresses) == 4
    assert first._wire._trust is None
    assert second._wire._trust is not None
    addresses = list(first._addresses.values())

    async def use() -> None:
        assert (await sender.send(chat())).status == 200
        await sender.close()

    asyncio.run(use())
    assert list(first._addresses.values()) == addresses
    assert len(simulator.requests) == 1
