"""Callers show Quire's tokens: who may ask what, how often, how much, for how much money."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from quire.domain.access import Resource, Scope
from quire.domain.allowances import Allowance, ParameterRule, Used
from quire.domain.calls import Usage
from quire.domain.credentials import hash_token, new_token
from quire.domain.errors import InvalidInput
from quire.serving.accounts import DAY_S, Account, day_of
from quire.serving.books import Books
from quire.serving.errors import Refused
from quire.serving.keys import Keys, check_host, secret_of
from quire.serving.known import STALE_S, KnownTokens
from quire.serving.rates import Bucket
from quire.serving.request import Ask, Caller, Done, Given
from quire.store import open_store
from quire.store.access import AccessStore, access_of

T = TypeVar("T")


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "sqlite") == "postgresql":
        return str(request.getfixturevalue("postgres_copy"))
    return f"sqlite:///{tmp_path}/keys.db"


@pytest.fixture
def access(uri: str) -> Iterator[AccessStore]:
    """The users of a store: an editor called ada."""
    store = open_store(uri, artifact_root="artifacts")
    access = access_of(store)
    access.create_user("ada", password_hash=None, role="editor")
    yield access
    store.close()


def token_of(access: AccessStore, user: str = "ada", **scope: Any) -> str:
    """The secret of a new token."""
    secret = new_token()
    access.create_token(user, hash_token(secret), scope=Scope(**scope))
    return secret


def shown(secret: str, name: bytes = b"authorization") -> dict[str, Any]:
    """A request with a token, as ASGI has it."""
    value = f"Bearer {secret}" if name == b"authorization" else secret
    return {"headers": [(b"host", b"here"), (name, value.encode())]}


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def refused(call: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def done(caller: Caller, tokens: int = 10, usd: float | None = 0.5, *, cached: bool = False) -> Done:
    return Done(
        ask=Ask("chat.completions", "joker", {}, False, caller),
        out=None,
        given=Given("champion", "models:/joker/1"),
        ending="answered",
        status=200,
        start_ns=0,
        latency_s=0.1,
        usage=Usage(tokens - 1, 1),
        cost_usd=usd,
        cached=cached,
    )


# -- who asks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [b"authorization", b"api-key"])
def test_a_token_is_let_in_as_clients_of_openai_and_of_azure_send_it(header: bytes, access: AccessStore) -> None:
    keys = Keys(access)
    admission = run(keys.admit(shown(token_of(access), header)))
    assert admission.caller.name == "ada"
    assert admission.caller.token_id.startswith("tk-")
    admission.require("joker")
    admission.check_parameters({"temperature": 2, "max_tokens": 100_000})
    admission.take()


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({"headers": []}, "No token was sent"),
        (shown("sk-" + "a" * 40), "no token of Quire"),
        (shown(new_token()), "not known here"),
        ({"headers": [(b"authorization", b"Basic YWRhOnNlY3JldA==")]}, "No token was sent"),
        ({"headers": [(b"authorization", b"Bearer \xff\xfe")]}, "no token of Quire"),
    ],
)
def test_others_are_refused_with_what_to_do(scope: dict[str, Any], message: str, access: AccessStore) -> None:
    error = refused(lambda: run(Keys(access).admit(scope)))
    assert (error.status, error.kind, error.code) == (401, "authentication_error", "invalid_api_key")
    assert message in error.message
    assert "quire tokens create" in error.message


def test_a_session_of_a_browser_is_no_token(access: AccessStore) -> None:
    secret = new_token()
    access.create_token("ada", hash_token(secret), kind="session")
    assert refused(lambda: run(Keys(access).admit(shown(secret)))).status == 401


def test_a_token_that_has_expired_says_so(access: AccessStore) -> None:
    secret = new_token()
    access.create_token("ada", hash_token(secret), expiration_time=1)
    assert "has expired" in refused(lambda: run(Keys(access).admit(shown(secret)))).message


def test_of_two_credentials_the_token_counts() -> None:
    token = new_token()
    assert secret_of([(b"authorization", b"Bearer other"), (b"api-key", token.encode())]) == token
    assert secret_of([(b"authorization", f"bearer  {token} ".encode()), (b"api-key", b"other")]) == token


def test_without_auth_everybody_on_this_machine_is_let_in() -> None:
    admission = run(Keys().admit({"headers": []}))
    assert admission.caller == Caller()
    admission.require("anything")
    admission.check_parameters({"anything": 1})
    admission.take()
    check_host("127.0.0.1", auth=False)
    check_host("::1", auth=False)
    check_host("0.0.0.0", auth=True)
    with pytest.raises(InvalidInput, match=r"reaches 0\.0\.0\.0.*--auth"):
        check_host("0.0.0.0", auth=False)


# -- what they may -------------------------------------------------------------------------------


def test_a_token_for_an_endpoint_holds_for_no_other(access: AccessStore) -> None:
    admission = run(Keys(access).admit(shown(token_of(access, endpoints=("joker", "rhymer")))))
    admission.require("joker")
    error = refused(lambda: admission.require("secret"))
    assert (error.status, error.kind, error.code) == (403, "permission_error", "endpoint_not_allowed")
    assert "It holds for: joker, rhymer" in error.message


def test_users_ask_what_they_may_read(access: AccessStore) -> None:
    access.create_user("grace", password_hash=None, role="none")
    access.set_permission("grace", Resource("endpoint", "joker"), "reader")
    admission = run(Keys(access).admit(shown(token_of(access, "grace"))))
    assert admission.may_ask("joker")
    assert not admission.may_ask("rhymer")
    access.create_user("guest", password_hash=None)
    assert not run(Keys(access, default="none").admit(shown(token_of(access, "guest")))).may_ask("joker")


def test_parameters_that_a_token_may_not_set_are_refused(access: AccessStore) -> None:
    rule = ParameterRule(only=("max_tokens",), most={"max_tokens": 50})
    admission = run(Keys(access).admit(shown(token_of(access, parameters=rule))))
    admission.check_parameters({"model": "joker", "max_tokens": 50})
    error = refused(lambda: admission.check_parameters({"temperature": 0}))
    assert (error.status, error.param, error.code) == (400, "temperature", "parameter_not_allowed")
    error = refused(lambda: admission.check_parameters({"max_completion_tokens": 51}))
    assert error.param == "max_completion_tokens"


# -- how often, how much -------------------------------------------------------------------------


def test_a_bucket_lets_so_many_through_and_fills_evenly() -> None:
    bucket = Bucket(60, 0.0)
    for _ in range(60):
        assert bucket.wait(0.0) == 0
        bucket.take(0.0)
    assert bucket.wait(0.0) == pytest.approx(1.0)
    assert bucket.wait(0.5) == pytest.approx(0.5)
    assert bucket.wait(1.0) == 0
    assert bucket.wait(1e6, 61) > 0


def test_a_rate_of_less_than_one_a_minute_lets_one_through() -> None:
    bucket = Bucket(0.5, 0.0)
    assert bucket.wait(0.0) == 0
    bucket.take(0.0)
    assert bucket.wait(0.0) == pytest.approx(120)


def test_requests_beyond_the_rate_are_told_when_to_come_back() -> None:
    clock = Clock()
    account = Account(Allowance(requests_per_minute=2), clock, clock)
    account.take()
    account.take()
    error = refused(account.take)
    assert (error.status, error.kind, error.code) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert error.retry_after_s == pytest.approx(30)
    assert "2 requests per minute" in error.message
    clock.now += 30
    account.take()
    assert account.take_new()[1] == Used(3, 0, 0.0)


def test_tokens_are_counted_when_an_answer_is_known() -> None:
    clock = Clock()
    account = Account(Allowance(tokens_per_minute=100), clock, clock)
    account.take()
    account.use(150, 0.0)
    error = refused(account.take)
    assert "100 tokens per minute" in error.message
    clock.now += (error.retry_after_s or 0) + 0.001
    account.take()


def test_spending_ends_at_the_limit_and_begins_anew_each_day() -> None:
    clock = Clock(10 * DAY_S + 3600.0)
    account = Account(Allowance(usd_per_day=1), clock, clock)
    account.take()
    account.use(10, 0.6)
    account.take()
    account.use(10, 0.6)
    error = refused(account.take)
    assert (error.status, error.kind, error.should_retry) == (429, "insufficient_quota", False)
    assert error.retry_after_s == pytest.approx(23 * 3600)
    assert "1 US dollars of today" in error.message
    clock.now = 11 * DAY_S + 1.0
    account.take()
    assert account.take_new() == (11, Used(3, 20, 1.2))


def test_a_limit_that_changes_holds_from_then_on() -> None:
    clock = Clock()
    account = Account(Allowance(), clock, clock)
    account.take()
    account.allow(Allowance(requests_per_minute=1))
    account.take()
    assert refused(account.take).status == 429
    account.allow(Allowance())
    account.take()


def test_what_others_use_counts_from_the_next_exchange() -> None:
    clock = Clock()
    account = Account(Allowance(requests_per_minute=10, usd_per_day=5), clock, clock)
    today = day_of(clock.now)
    account.learn(today, Used())
    account.take()
    _, mine = account.take_new()
    account.learn(today, Used(9, 0, 4.0), mine)
    account.take()
    assert refused(account.take).code == "rate_limit_exceeded"
    account.learn(today, Used(9, 0, 5.0))
    assert refused(account.take).code == "spend_limit_reached"


@pytest.mark.parametrize("uri", ["sqlite", "postgresql"], indirect=True)
def test_spending_survives_a_restart_and_adds_up_with_other_servers(access: AccessStore) -> None:
    secret = token_of(access, allowance=Allowance(usd_per_day=1))
    first, second = Keys(access), Keys(access)
    admission = run(first.admit(shown(secret)))
    admission.take()
    caller = admission.caller
    run(second.admit(shown(secret))).take()
    first(done(caller, usd=0.7))
    second(done(caller, usd=0.7))
    first.exchange()
    second.exchange()
    first.exchange()
    for keys in (first, second, Keys(access)):
        assert refused(run(keys.admit(shown(secret))).take).code == "spend_limit_reached"
    day = day_of(time.time())
    assert access.token_usage(day)[caller.token_id].usd == pytest.approx(1.4)


def test_a_model_without_a_price_is_named_once_where_money_is_limited(
    access: AccessStore, caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keys(access)
    limited = run(keys.admit(shown(token_of(access, allowance=Allowance(usd_per_day=1))))).caller
    unlimited = run(keys.admit(shown(token_of(access)))).caller
    keys(done(unlimited, usd=None))
    assert not caplog.records
    for _ in range(3):
        keys(done(limited, usd=None))
    (said,) = caplog.records
    assert "is not known, so what tokens spend on it is not counted" in said.getMessage()


def test_an_answer_from_the_cache_takes_nothing(access: AccessStore) -> None:
    keys = Keys(access)
    caller = run(keys.admit(shown(token_of(access)))).caller
    keys(done(caller, cached=True))
    keys.exchange()
    assert access.token_usage(day_of(time.time())) == {}


def test_use_that_cannot_be_stored_is_kept(access: AccessStore) -> None:
    books = Books(access)
    account = books.account("tk-x", Allowance())
    books.use("tk-x", 10, 0.25)
    away = Away(access)
    books._access = away
    books.exchange()
    books.exchange()
    books._access = access
    account.take()
    books.exchange()
    assert access.token_usage(day_of(time.time()))["tk-x"] == Used(1, 10, 0.25)


class Away:
    """A store that answers nothing while it is away."""

    def __init__(self, access: AccessStore) -> None:
        self.access = access
        self.is_away = True

    def __getattr__(self, name: str) -> Any:
        if self.is_away:
            raise ConnectionError("the store is away")
        return getattr(self.access, name)


# -- following the store -------------------------------------------------------------------------


def test_a_revoked_token_is_let_in_no_more_at_the_next_reading(access: AccessStore) -> None:
    keys, secret = Keys(access), token_of(access)
    caller = run(keys.admit(shown(secret))).caller
    access.revoke_token(caller.token_id)
    keys.refresh()
    assert "was revoked" in refused(lambda: run(keys.admit(shown(secret)))).message


def test_a_deleted_users_token_is_let_in_no_more(access: AccessStore) -> None:
    access.create_user("grace", password_hash=None)
    keys, secret = Keys(access), token_of(access, "grace")
    run(keys.admit(shown(secret)))
    access.delete_user("grace")
    keys.refresh()
    assert refused(lambda: run(keys.admit(shown(secret)))).status == 401


def test_what_is_known_grows_stale_where_nobody_follows_the_store(access: AccessStore) -> None:
    clock = Clock()
    tokens = KnownTokens(access, Books(access), clock=clock)
    secret = hash_token(token_of(access))
    known = run(tokens.find(secret))
    assert known is not None
    assert known.login is not None
    assert known.login.token is not None
    access.revoke_token(known.login.token.token_id)
    clock.now += STALE_S
    assert run(tokens.find(secret)) is known
    clock.now += 100
    found = run(tokens.find(secret))
    assert found is not None
    assert found.login is not None
    assert found.login.token is not None
    assert found.login.token.revocation_time is not None


def test_known_tokens_hold_while_the_store_is_away_and_new_ones_wait(access: AccessStore) -> None:
    store = Away(access)
    store.is_away = False
    keys, secret, other = Keys(store), token_of(access), token_of(access)
    run(keys.admit(shown(secret)))
    store.is_away = True
    keys.refresh()
    assert keys.away
    assert run(keys.admit(shown(secret))).caller.name == "ada"
    error = refused(lambda: run(keys.admit(shown(other))))
    assert (error.status, error.code) == (503, "store_unavailable")
    store.is_away = False
    keys.refresh()
    assert not keys.away
    assert run(keys.admit(shown(other))).caller.name == "ada"


def test_one_lookup_serves_all_who_wait_for_it(access: AccessStore) -> None:
    class Counting(Away):
        lookups = 0

        def find_token(self, token_hash: str) -> Any:
            Counting.lookups += 1
            return access.find_token(token_hash)

    keys, secret = Keys(Counting(access)), token_of(access)
    keys._tokens._access.is_away = False  # type: ignore[union-attr]
    keys._books._access = access  # type: ignore[union-attr]

    async def many() -> None:
        found = await asyncio.gather(*(keys.admit(shown(secret)) for _ in range(20)))
        assert {one.caller.name for one in found} == {"ada"}

    run(many())
    assert Counting.lookups == 1


def test_the_use_of_a_token_is_noted(access: AccessStore) -> None:
    keys, secret = Keys(access), token_of(access)
    admission = run(keys.admit(shown(secret)))
    admission.take()
    keys.exchange()
    assert access.get_token(admission.caller.token_id).last_used_time is not None
