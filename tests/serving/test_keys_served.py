"""A served endpoint is asked with Quire's tokens, by the clients that people use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import openai
import pytest

from quire.domain.access import Scope
from quire.domain.allowances import Allowance, ParameterRule
from quire.domain.credentials import hash_token, new_token
from quire.server.auth import AuthSettings
from quire.store import open_store
from quire.store.access import AccessStore, access_of

Serve = Callable[..., Any]


def token_of(access: AccessStore, **scope: Any) -> str:
    """The secret of a new token of ada."""
    secret = new_token()
    access.create_token("ada", hash_token(secret), scope=Scope(**scope))
    return secret


@pytest.fixture
def served(serve: Serve, register: Callable[..., str], store: str) -> Any:
    """A server that asks who asks, of two endpoints, on a store whose user ada is an editor."""
    for name in ("joker", "rhymer"):
        register(
            name,
            messages=[{"role": "system", "content": "Be brief."}],
            params={"max_tokens": 100, "temperature": 1.0},
        )
    access_of(open_store(store)).create_user("ada", password_hash=None, role="editor")
    return serve("joker", "rhymer", auth=AuthSettings())


def client(served: Any, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=served.base_url, api_key=secret, max_retries=0)


def ask(client: openai.OpenAI, model: str = "joker", **more: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Why?"}], **more)


def test_the_official_client_is_let_in_and_told_in_its_own_errors(served: Any, store: str) -> None:
    access = access_of(open_store(store))
    rule = ParameterRule(most={"max_tokens": 20})
    allowed = Allowance(requests_per_minute=2)
    caller = client(served, token_of(access, endpoints=("joker",), parameters=rule, allowance=allowed))
    assert ask(caller).choices[0].message.content
    with pytest.raises(openai.PermissionDeniedError, match="does not hold for the endpoint 'rhymer'"):
        ask(caller, "rhymer")
    with pytest.raises(openai.BadRequestError, match="max_tokens is 50; this token may ask for at most 20") as caught:
        ask(caller, max_tokens=50)
    assert (caught.value.param, caught.value.code) == ("max_tokens", "parameter_not_allowed")
    ask(caller)
    with pytest.raises(openai.RateLimitError, match="2 requests per minute") as limited:
        ask(caller)
    assert 0 < int(limited.value.response.headers["retry-after"]) <= 60
    with pytest.raises(openai.AuthenticationError, match="not known here"):
        ask(client(served, new_token()))
    told = {each.ask.caller.name for each in served.wait_for(4)}
    assert told == {"ada"}


def test_the_azure_client_is_let_in(served: Any, store: str) -> None:
    secret = token_of(access_of(open_store(store)))
    assert served.call("GET", "/v1/models", headers={"api-key": secret}).status == 200
    assert served.call("GET", "/v1/models").status == 401


def test_the_upstreams_key_lets_nobody_in(served: Any) -> None:
    answer = served.call(
        "POST", "/v1/chat/completions", {"model": "joker"}, headers={"Authorization": "Bearer the-upstream-key"}
    )
    assert answer.status == 401
    assert answer.error["code"] == "invalid_api_key"
    assert "the-upstream-key" not in answer.body.decode()


def test_a_revoked_token_stops_while_the_server_runs(served: Any, store: str) -> None:
    access = access_of(open_store(store))
    secret = token_of(access)
    caller = client(served, secret)
    ask(caller)
    token = access.list_tokens()[0]
    access.revoke_token(token.token_id)
    revoked = time.monotonic()
    while time.monotonic() - revoked < 10:
        answer = served.call("GET", "/v1/models", headers={"api-key": secret})
        if answer.status == 401:
            break
        time.sleep(0.02)
    assert "was revoked" in answer.error["message"]
