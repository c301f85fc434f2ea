"""Users, permissions, tokens and the audit log, on every kind of database."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from quire.domain.access import Resource, Scope
from quire.domain.allowances import Allowance, ParameterRule, Used
from quire.domain.credentials import hash_token, new_token
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from quire.domain.ids import now_ms
from quire.store import open_store
from quire.store.access import Change, access_of
from quire.store.sql import SqlStore
from quire.store.sql.access import SqlAccess

HASH = "scrypt$2$1$1$c2FsdA$aGFzaA"
JOKES = Resource("experiment", "1")
JOKER = Resource("registered_model", "joker")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """A store in a database of its own."""
    uri = f"sqlite:///{tmp_path}/quire.db" if request.param == "sqlite" else request.getfixturevalue("postgres_copy")
    opened = open_store(uri, artifact_root=str(tmp_path / "artifacts"))
    assert isinstance(opened, SqlStore)
    yield opened
    opened.close()


@pytest.fixture
def access(store: SqlStore) -> SqlAccess:
    """Its users: an admin called ada."""
    store.access.create_user("ada", password_hash=HASH, role="admin")
    return store.access


def test_a_user_is_kept_as_made(access: SqlAccess) -> None:
    made = access.create_user("Grace Hopper", password_hash=None, role="editor")
    assert access.get_user("Grace Hopper") == made
    assert (made.role, made.has_password, made.is_admin) == ("editor", False, False)
    assert [user.username for user in access.list_users()] == ["Grace Hopper", "ada"]


def test_a_name_is_taken_once(access: SqlAccess) -> None:
    with pytest.raises(AlreadyExists, match="'ada' exists already"):
        access.create_user("ada", password_hash=HASH)


def test_a_name_is_given_to_one_of_many_who_ask_at_once(access: SqlAccess) -> None:
    barrier = threading.Barrier(6)

    def create(_number: int) -> object:
        barrier.wait()
        try:
            return access.create_user("grace", password_hash=HASH)
        except AlreadyExists:
            return None

    with ThreadPoolExecutor(6) as pool:
        assert sum(made is not None for made in pool.map(create, range(6))) == 1


@pytest.mark.parametrize("name", ["", " ada", "ada ", "a:b", "a\nb", "a\0b", "x" * 256, None])
def test_a_name_that_no_login_could_hold_is_refused(access: SqlAccess, name: Any) -> None:
    with pytest.raises(InvalidInput, match="Invalid user name"):
        access.create_user(name, password_hash=HASH)


def test_a_role_that_does_not_exist_is_refused(access: SqlAccess) -> None:
    with pytest.raises(InvalidInput, match="Invalid role 'owner'; expected one of none, reader, editor, admin"):
        access.set_role("ada", "owner")  # type: ignore[arg-type]


def test_who_is_unknown_is_not_found(access: SqlAccess) -> None:
    assert access.find_login("nobody") is None
    assert access.find_login("no\0body") is None
    for call in (
        lambda: access.get_user("nobody"),
        lambda: access.set_role("nobody", "reader"),
        lambda: access.set_password_hash("nobody", HASH),
        lambda: access.delete_user("nobody"),
        lambda: access.create_token("nobody", hash_token(new_token())),
        lambda: access.set_permission("nobody", JOKES, "reader"),
        lambda: access.list_tokens(username="nobody"),
    ):
        with pytest.raises(NotFound, match="No user is named 'nobody'"):
            call()  # type: ignore[no-untyped-call]


def test_the_last_admin_stays(access: SqlAccess) -> None:
    for change in (lambda: access.set_role("ada", "editor"), lambda: access.delete_user("ada")):
        with pytest.raises(InvalidState, match="only admin"):
            change()
    access.create_user("grace", password_hash=HASH, role="admin")
    access.set_role("ada", "editor")
    assert access.has_admin()


def test_two_admins_cannot_remove_each_other_at_once(access: SqlAccess) -> None:
    access.create_user("grace", password_hash=HASH, role="admin")
    barrier = threading.Barrier(2)

    def delete(name: str) -> bool:
        barrier.wait()
        try:
            access.delete_user(name)
        except InvalidState:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(delete, ["ada", "grace"])) == [False, True]


def test_a_login_tells_what_lets_in_and_what_is_allowed(access: SqlAccess) -> None:
    access.set_permission("ada", JOKES, "reader")
    access.set_permission("ada", JOKER, "none")
    login = access.find_login("ada")
    assert login is not None
    assert (login.user.username, login.password_hash) == ("ada", HASH)
    assert login.permissions == {JOKES: "reader", JOKER: "none"}


def test_a_permission_is_made_once_and_may_be_changed(access: SqlAccess) -> None:
    access.create_permission("ada", JOKES, "reader")
    with pytest.raises(AlreadyExists, match="has a role on the experiment '1' already"):
        access.create_permission("ada", JOKES, "editor")
    access.set_permission("ada", JOKES, "editor")
    assert access.get_permission("ada", JOKES).role == "editor"
    access.delete_permission("ada", JOKES)
    for gone in (access.get_permission, access.delete_permission):
        with pytest.raises(NotFound, match="was given no role on the experiment '1'"):
            gone("ada", JOKES)


def test_permissions_are_listed_by_user_and_by_thing(access: SqlAccess) -> None:
    access.create_user("grace", password_hash=HASH)
    access.set_permission("ada", JOKES, "reader")
    access.set_permission("grace", JOKES, "editor")
    access.set_permission("grace", JOKER, "admin")
    assert [(item.username, item.role) for item in access.list_permissions(resource=JOKES)] == [
        ("ada", "reader"),
        ("grace", "editor"),
    ]
    assert [item.resource for item in access.list_permissions(username="grace")] == [JOKES, JOKER]
    assert [item.role for item in access.list_permissions(username="grace", resource=JOKER)] == ["admin"]
    assert len(access.list_permissions()) == 3


def test_permissions_follow_a_name_and_end_with_it(access: SqlAccess) -> None:
    access.set_permission("ada", JOKER, "editor")
    access.rename_resource(JOKER, "clown")
    clown = Resource("registered_model", "clown")
    assert access.get_permission("ada", clown).role == "editor"
    access.rename_resource(clown, "clown")
    assert access.get_permission("ada", clown).role == "editor"
    access.forget_resource(clown)
    assert access.list_permissions() == []


def test_permissions_and_tokens_go_with_their_user(access: SqlAccess) -> None:
    access.create_user("grace", password_hash=HASH)
    access.set_permission("grace", JOKES, "editor")
    secret = hash_token(new_token())
    access.create_token("grace", secret)
    access.delete_user("grace")
    assert access.find_token(secret) is None
    access.create_user("grace", password_hash=HASH)
    assert access.list_permissions(username="grace") == []


def test_a_token_is_found_by_its_hash(access: SqlAccess) -> None:
    access.set_permission("ada", JOKES, "editor")
    scope = Scope(read_only=True, experiments=("1", "2"))
    secret = hash_token(new_token())
    made = access.create_token("ada", secret, name="nightly", scope=scope, expiration_time=now_ms() + 60_000)
    login = access.find_token(secret)
    assert login is not None
    assert (login.token, login.user.username, login.permissions) == (made, "ada", {JOKES: "editor"})
    assert made.scope == scope
    assert made.is_valid(now_ms())
    assert not made.is_valid(now_ms() + 60_001)
    assert access.find_token(hash_token(new_token())) is None


def test_a_revoked_token_stays_known_and_lets_nobody_in(access: SqlAccess) -> None:
    token = access.create_token("ada", hash_token(new_token()))
    revoked = access.revoke_token(token.token_id)
    assert not revoked.is_valid(now_ms())
    assert access.revoke_token(token.token_id) == revoked
    assert access.list_tokens() == [revoked]
    with pytest.raises(NotFound, match="No token has the id 'tk-none'"):
        access.revoke_token("tk-none")


def test_the_last_use_of_a_token_only_moves_forward(access: SqlAccess) -> None:
    token = access.create_token("ada", hash_token(new_token()))
    access.mark_used({token.token_id: 2000})
    access.mark_used({token.token_id: 1000, "tk-none": 5})
    assert access.get_token(token.token_id).last_used_time == 2000


def test_a_new_password_ends_sessions_and_keeps_tokens(access: SqlAccess) -> None:
    session = access.create_token("ada", hash_token(new_token()), kind="session")
    token = access.create_token("ada", hash_token(new_token()))
    access.set_password_hash("ada", None)
    assert access.get_token(session.token_id).revocation_time is not None
    assert access.list_tokens() == [token]
    assert not access.get_user("ada").has_password


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope(experiments=("one",)), "names the experiment 'one'"),
        (Scope(registered_models=("m",) * 1001), "names 1,001 registered models"),
        (Scope(endpoints=("two words",)), "Invalid endpoint name 'two words'"),
        (Scope(allowance=Allowance(usd_per_day=0)), "usd_per_day of the token is 0"),
        (Scope(allowance=Allowance(requests_per_minute=float("inf"))), "requests_per_minute of the token is inf"),
        (Scope(parameters=ParameterRule(only=("messages",))), "names the parameter 'messages'"),
        (Scope(parameters=ParameterRule(most={"max_tokens": -1})), "largest max_tokens of the token is -1"),
        (Scope(parameters=ParameterRule(only=("p",) * 201)), "names 201 parameters"),
    ],
)
def test_a_scope_that_cannot_be_is_refused(access: SqlAccess, scope: Scope, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        access.create_token("ada", hash_token(new_token()), scope=scope)


def _change(**fields: Any) -> Change:
    return Change(**{"username": "ada", "action": "set_tag", "route": "POST /x", "entity": "run:1", **fields})


def test_changes_are_found_newest_first_in_pages(access: SqlAccess) -> None:
    for number in range(5):
        access.append_change(_change(after=f'{{"value": {number}}}'))
    first = access.search_audit(max_results=2)
    second = access.search_audit(max_results=2, page_token=first.token)
    last = access.search_audit(max_results=2, page_token=second.token)
    assert [item.after for page in (first, second, last) for item in page] == [
        f'{{"value": {number}}}' for number in (4, 3, 2, 1, 0)
    ]
    assert last.token is None


def test_changes_are_found_by_who_what_and_when(access: SqlAccess) -> None:
    access.append_change(_change(action="create_run"))
    access.append_change(_change(username="grace"))
    access.append_change(_change(entity="run:2"))
    assert len(access.search_audit(username="grace")) == 1
    assert len(access.search_audit(action="create_run")) == 1
    assert len(access.search_audit(entity="run:2", username="ada")) == 1
    newest = access.search_audit()[0].time
    assert len(access.search_audit(until=newest + 1)) == 3
    assert len(access.search_audit(since=newest + 1)) == 0
    assert len(access.search_audit(username="no\0body")) == 0


def test_the_log_holds_no_credential(access: SqlAccess) -> None:
    secret = new_token()
    access.append_change(_change(before='{"password": "correct horse"}', after=f"Bearer {secret}"))
    entry = access.search_audit()[0]
    assert "correct horse" not in str(entry.before)
    assert secret not in str(entry.after)


def test_entries_cannot_be_changed_or_removed(store: SqlStore, access: SqlAccess) -> None:
    access.append_change(_change())
    for statement in ("UPDATE audit_log SET username = 'eve'", "DELETE FROM audit_log"):
        with pytest.raises(Exception, match="the audit log only grows"):
            _execute(store, statement)
    assert [item.username for item in access.search_audit()] == ["ada"]


def _execute(store: SqlStore, statement: str) -> None:
    with store._database.engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        try:
            driver.execute(statement)
        except (sqlite3.Error, psycopg.Error) as error:
            raise RuntimeError(str(error)) from None


def test_a_change_and_its_entry_are_one(store: SqlStore, access: SqlAccess) -> None:
    def fail() -> None:
        store.create_experiment("never")
        access.append_change(_change())
        raise InvalidInput("refused late")

    with pytest.raises(InvalidInput):
        access.all_or_nothing(fail)
    assert store.get_experiment_by_name("never") is None
    assert access.search_audit() == []

    def work() -> str:
        access.append_change(_change())
        return store.create_experiment("made")

    assert store.get_experiment(access.all_or_nothing(work)).name == "made"
    assert len(access.search_audit()) == 1


def test_things_know_their_experiment(store: SqlStore, access: SqlAccess) -> None:
    experiment = store.create_experiment("jokes")
    run = store.create_run(experiment)
    model = store.create_logged_model(experiment, name="joker")
    assert access.experiment_of_run(run.info.run_id) == experiment
    assert access.experiment_of_logged_model(model.model_id) == experiment
    assert access.experiment_of_trace("tr-none") is None
    assert access.experiments_of_dataset("d-none") is None
    for lookup in (access.experiment_of_run, access.experiment_of_logged_model):
        assert lookup(uuid.uuid4().hex) is None
        assert lookup("a\0b") is None


def test_a_server_elsewhere_keeps_its_own_users() -> None:
    with pytest.raises(InvalidState, match="kept in the server's own database"):
        access_of(object())


def test_lists_of_users_are_safe_from_many_threads(access: SqlAccess) -> None:
    def work(number: int) -> Callable[[], object] | None:
        access.create_user(f"user-{number}", password_hash=HASH)
        access.list_users()
        return None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    assert len(access.list_users()) == 13


def test_many_tokens_are_found_at_once(access: SqlAccess) -> None:
    access.create_user("grace", password_hash=None)
    access.set_permission("grace", Resource("endpoint", "joker"), "reader")
    hashes = [hash_token(new_token()) for _ in range(3)]
    for who, one in zip(("ada", "grace"), hashes, strict=False):
        access.create_token(who, one)
    found = access.find_tokens(hashes)
    assert found == {one: access.find_token(one) for one in hashes[:2]}
    assert access.find_tokens([]) == {}


def test_what_tokens_use_adds_up_by_day(access: SqlAccess) -> None:
    assert access.add_token_usage(7, {"tk-a": Used(2, 30, 0.25)}) == {"tk-a": Used(2, 30, 0.25)}
    totals = access.add_token_usage(7, {"tk-b": Used(1, 1, 0.0), "tk-a": Used(1, 10, 0.5)})
    assert totals == {"tk-a": Used(3, 40, 0.75), "tk-b": Used(1, 1, 0.0)}
    access.add_token_usage(8, {"tk-a": Used(5, 5, 5.0)})
    assert access.token_usage(7) == totals
    assert access.token_usage(7, ["tk-b", "tk-none"]) == {"tk-b": Used(1, 1, 0.0)}
    assert access.token_usage(7, []) == {}
    assert access.token_usage(9) == {}


def test_a_scope_for_endpoints_is_kept_and_holds_for_nothing_else(access: SqlAccess) -> None:
    scope = Scope(
        endpoints=("joker",),
        parameters=ParameterRule(only=("temperature",), most={"max_tokens": 50}),
        allowance=Allowance(requests_per_minute=60, usd_per_day=5),
    )
    made = access.create_token("ada", hash_token(new_token()), scope=scope)
    kept = access.get_token(made.token_id).scope
    assert (kept.endpoints, kept.parameters, kept.allowance) == (("joker",), scope.parameters, scope.allowance)
    assert (kept.experiments, kept.registered_models) == ((), ())
