"""Azure OpenAI: its paths, its headers, and Entra ID tokens that are renewed in the middle of a batch."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from quire.caller import Caller, CallerOptions, ServiceSettings
from quire.domain.calls import Answer, Call, Failure
from quire.domain.errors import Unauthenticated
from quire.testing import Simulator

Calls = Callable[..., list[Call]]
VERSION = "2024-10-21"


def azure(server: Any, **fields: Any) -> ServiceSettings:
    endpoint = server.azure_endpoint if isinstance(server, Simulator) else server.base_url.removesuffix("/v1")
    return ServiceSettings(**{"api_type": "azure", "base_url": endpoint, "api_version": VERSION, **fields})


def only_answers(caller: Caller, calls: list[Call]) -> bool:
    outcomes = list(caller.iterate(calls))
    assert all(isinstance(outcome, Answer) for outcome in outcomes), outcomes
    return True


def test_requests_go_to_the_deployment(simulator_factory: Callable[..., Simulator], calls: Calls) -> None:
    server = simulator_factory(echo=True)
    environ = {**server.azure_environment, "OPENAI_DEPLOYMENT_NAME": "my-deployment"}
    caller = Caller(ServiceSettings.from_environment(environ), CallerOptions(max_concurrency=1))
    assert only_answers(caller, calls(3))
    for request in server.requests:
        assert request.path == "/openai/deployments/my-deployment/chat/completions"
        assert request.query == {"api-version": VERSION}
        assert request.headers["api-key"] == "simulator"
        assert "authorization" not in request.headers


def test_without_a_deployment_the_model_names_it(simulator_factory: Callable[..., Simulator], calls: Calls) -> None:
    server = simulator_factory(echo=True)
    caller = Caller(azure(server, api_key="k"), CallerOptions(max_concurrency=1))
    assert only_answers(caller, calls(2, model="first") + calls(2, model="second") + calls(2, model="first"))
    names = [request.path.split("/")[3] for request in server.requests]
    assert names == ["first"] * 2 + ["second"] * 2 + ["first"] * 2


def test_an_endpoint_that_ends_in_openai_is_understood(
    simulator_factory: Callable[..., Simulator], calls: Calls
) -> None:
    server = simulator_factory(echo=True)
    settings = azure(server, api_key="k", base_url=f"{server.azure_endpoint}/openai/")
    assert only_answers(Caller(settings), calls(1))
    assert server.requests[0].path == "/openai/deployments/gpt-4o-mini/chat/completions"


@pytest.mark.parametrize("task", ["completions", "embeddings", "responses"])
def test_other_tasks_on_azure(simulator_factory: Callable[..., Simulator], task: Any) -> None:
    server = simulator_factory(echo=True)
    key = "prompt" if task == "completions" else "input"
    call = Call(task, {"model": "m", key: "a" if task == "responses" else ["a"]}, (0,))
    assert only_answers(Caller(azure(server, api_key="k", deployment="d")), [call, call])
    path = "/openai/responses" if task == "responses" else f"/openai/deployments/d/{task}"
    assert {request.path for request in server.requests} == {path}


def test_streaming_on_azure(simulator_factory: Callable[..., Simulator], calls: Calls) -> None:
    server = simulator_factory(echo=True)
    assert "row 0" in "".join(Caller(azure(server, api_key="k")).stream(calls(1)[0]))


def test_a_given_token_signs_every_request(upstream: Any, calls: Calls) -> None:
    server = upstream(lambda exchange: exchange.answer())
    assert only_answers(Caller(azure(server, api_type="azure_ad", ad_token="t0k")), calls(3))
    assert {exchange.headers["authorization"] for exchange in server.exchanges} == {"Bearer t0k"}


class Issuer:
    """Gives tokens that are good for a moment, as an identity service does."""

    def __init__(self, life_s: float) -> None:
        self.life_s = life_s
        self.issued: dict[str, float] = {}

    def __call__(self) -> str:
        token = f"token-{len(self.issued)}"
        self.issued[token] = time.monotonic()
        return token

    def accepts(self, authorization: str) -> bool:
        issued = self.issued.get(authorization.removeprefix("Bearer "))
        return issued is not None and time.monotonic() - issued < self.life_s


@pytest.mark.parametrize("is_async", [False, True])
def test_tokens_are_renewed_in_a_long_batch(upstream: Any, calls: Calls, is_async: bool) -> None:
    issuer = Issuer(life_s=1.5)

    async def wait_and_issue() -> str:
        await asyncio.sleep(0)
        return issuer()

    async def picky(exchange: Any) -> None:
        await asyncio.sleep(0.01)
        if issuer.accepts(exchange.headers["authorization"]):
            await exchange.answer()
        else:
            await exchange.refuse(401, "the token expired")

    server = upstream(picky)
    provider = wait_and_issue if is_async else issuer
    settings = azure(server, api_type="azure_ad", ad_token_provider=provider)
    assert only_answers(Caller(settings, CallerOptions(max_concurrency=2)), calls(500))
    assert 2 <= len(issuer.issued) < 100


def test_a_token_that_cannot_be_had_is_named(upstream: Any, calls: Calls) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    def fail() -> str:
        raise ClientAuthenticationError("no credential works")

    server = upstream(lambda exchange: exchange.answer())
    caller = Caller(azure(server, api_type="azure_ad", ad_token_provider=fail))
    with pytest.raises(Unauthenticated, match=r"No Entra ID token could be had \(.*no credential works\).*az login"):
        list(caller.iterate(calls(5)))
    assert server.exchanges == []


def test_azure_identity_gets_the_token(upstream: Any, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """The managed identity of an App Service: its token endpoint is an address in the environment."""
    tokens = 0

    async def identity_and_service(exchange: Any) -> None:
        nonlocal tokens
        if exchange.path.startswith("/token"):
            assert exchange.headers["x-identity-header"] == "proof"
            assert "cognitiveservices.azure.com" in exchange.path
            tokens += 1
            answer = {
                "access_token": f"entra-{tokens}",
                "expires_on": str(int(time.time()) + 3600),
                "resource": "x",
                "token_type": "Bearer",
            }
            await exchange.answer(json.dumps(answer).encode(), content_type="application/json")
        else:
            await exchange.answer()

    server = upstream(identity_and_service)
    monkeypatch.setenv("IDENTITY_ENDPOINT", server.base_url.replace("/v1", "/token"))
    monkeypatch.setenv("IDENTITY_HEADER", "proof")
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    environ = {
        "OPENAI_API_TYPE": "azure_ad",
        "OPENAI_API_BASE": server.base_url.removesuffix("/v1"),
        "OPENAI_API_VERSION": VERSION,
        "OPENAI_DEPLOYMENT_NAME": "d",
    }
    caller = Caller(ServiceSettings.from_environment(environ), CallerOptions(max_concurrency=1))
    assert only_answers(caller, calls(5))
    asked = [exchange for exchange in server.exchanges if not exchange.path.startswith("/token")]
    assert {exchange.headers["authorization"] for exchange in asked} == {"Bearer entra-1"}
    assert tokens == 1


def test_a_wrong_key_is_named_without_showing_it(simulator_factory: Callable[..., Simulator], calls: Calls) -> None:
    server = simulator_factory(api_keys=("right",))
    (outcome,) = Caller(azure(server, api_key="wrong-0123456789abcdef")).iterate(calls(1))
    assert isinstance(outcome, Failure)
    assert outcome.kind == "authentication"
    assert "0123456789abcdef" not in outcome.message
