"""``quire users``, ``quire tokens`` and ``quire audit``."""

from __future__ import annotations

from pathlib import Path

import pytest

from quire.domain.allowances import Used
from quire.domain.credentials import hash_token, verify_password
from quire.domain.ids import now_ms
from quire.store import open_store
from quire.store.access import AccessStore, access_of
from tests.cli.conftest import Quire

PASSWORD = "correct horse battery"


@pytest.fixture
def access(workspace: Path) -> AccessStore:
    """The users of the store in the folder, with an admin called ada."""
    found = access_of(open_store(f"sqlite:///{workspace}/quire.db"))
    found.create_user("ada", password_hash=None, role="admin")
    return found


def test_the_first_admin_is_made_in_a_new_database(cli: Quire, workspace: Path) -> None:
    done = cli("users", "create", "ada", "--admin", "--password-stdin", input=f"{PASSWORD}\n")
    assert (done.code, done.out) == (0, "ada is a new user (role: admin).\n")
    login = access_of(open_store(f"sqlite:///{workspace}/quire.db")).find_login("ada")
    assert login is not None
    assert login.password_hash is not None
    assert verify_password(PASSWORD, login.password_hash)
    assert PASSWORD not in done.out + done.err


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        (["users", "create", "bob", "--password-stdin"], "short\n", "The password has 5 characters"),
        (["users", "create", "bob"], "", "There is no terminal to ask for the password at"),
        (["users", "create", "a:b", "--no-password"], "", "Invalid user name 'a:b'"),
        (["users", "create", "ada", "--no-password"], "", "'ada' exists already"),
        (["users", "create", "bob", "--no-password", "--role", "owner"], "", "Invalid role 'owner'"),
        (["users", "create", "bob", "--no-password", "--admin", "--role", "reader"], "", "contradict each other"),
        (["users", "create", "bob", "--no-password", "--password-stdin"], "", "not both"),
        (["users", "update", "ada"], "", "Say what to change"),
        (["users", "update", "ada", "--role", "reader"], "", "only admin"),
        (["users", "delete", "ada"], "", "only admin"),
        (["users", "show", "nobody"], "", "No user is named 'nobody'"),
        (["users", "grant", "ada", "reader"], "", "Say on what"),
        (["users", "grant", "ada", "reader", "-e", "none"], "", "No experiment is named 'none'"),
        (["users", "revoke", "ada", "-e", "Default"], "", "was given no role on the experiment '0'"),
        (["tokens", "create", "nobody"], "", "No user is named 'nobody'"),
        (["tokens", "create", "ada", "--days", "0"], "", "may last up to 3,650 days"),
        (["tokens", "create", "ada", "-e", "none"], "", "No experiment is named 'none'"),
        (["tokens", "create", "ada", "--endpoint", "two words"], "", "Invalid endpoint name 'two words'"),
        (["tokens", "create", "ada", "--max", "max_tokens"], "", "'max_tokens' is no NAME=VALUE"),
        (["tokens", "create", "ada", "--max", "model=1"], "", "names the parameter 'model'"),
        (["tokens", "create", "ada", "--spend-per-day", "0"], "", "usd_per_day of the token is 0"),
        (["tokens", "revoke", "tk-none"], "", "No token has the id 'tk-none'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    quick: Quire, access: AccessStore, words: list[str], text: str, message: str
) -> None:
    done = quick(*words, input=text)
    assert done.code == 1
    assert done.err.startswith("Error: ")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_reading_makes_no_database(quick: Quire, workspace: Path) -> None:
    for words in (["users", "list"], ["tokens", "list"], ["audit", "list"]):
        assert "There is no tracking store here" in quick(*words).err
    assert not (workspace / "quire.db").exists()


def test_a_server_keeps_its_own_users(quick: Quire) -> None:
    done = quick("--tracking-uri", "http://127.0.0.1:9", "users", "list")
    assert "Users are kept in the server's own database" in done.err


def test_users_are_listed_changed_and_deleted(quick: Quire, access: AccessStore) -> None:
    quick("users", "create", "ci", "--no-password", "--role", "editor")
    assert [user["username"] for user in quick("--json", "users", "list").json["users"]] == ["ada", "ci"]
    assert "ci" in quick("users", "list").out
    assert "role: reader" in quick("users", "update", "ci", "--role", "reader").out
    assert "the default permission" in quick("users", "update", "ci", "--role", "default").out
    assert quick("users", "password", "ci", "--password-stdin", input=PASSWORD).code == 0
    assert access.get_user("ci").has_password
    quick("users", "delete", "ci")
    assert [user.username for user in access.list_users()] == ["ada"]


def test_roles_are_given_and_taken_away(quick: Quire, access: AccessStore) -> None:
    quick("users", "grant", "ada", "editor", "-e", "Default")
    assert "experiment  0" in quick("users", "show", "ada").out
    assert quick("--json", "users", "show", "ada").json["permissions"][0]["role"] == "editor"
    quick("users", "revoke", "ada", "-e", "Default")
    assert access.list_permissions() == []


def test_a_token_is_printed_once_and_alone(cli: Quire, access: AccessStore) -> None:
    done = cli("tokens", "create", "ada", "--name", "nightly", "--days", "90", "--read-only", "-e", "Default")
    secret = done.out.strip()
    login = access.find_token(hash_token(secret))
    assert login is not None
    assert login.token is not None
    assert (login.token.name, login.token.scope.read_only, login.token.scope.experiments) == ("nightly", True, ("0",))
    listed = cli("tokens", "list")
    assert "read only, experiment 0" in listed.out
    assert "valid for 89d" in listed.out
    assert secret not in listed.out + cli("audit", "list").out + done.err
    cli("tokens", "revoke", login.token.token_id)
    assert "revoked" in cli("tokens", "list", "--user", "ada").out


def test_a_token_for_endpoints_is_shown_with_its_limits_and_what_it_used(quick: Quire, access: AccessStore) -> None:
    words = ["--endpoint", "joker", "--parameter", "temperature", "--max", "max_tokens=500"]
    limits = ["--requests-per-minute", "60", "--tokens-per-minute", "9000", "--spend-per-day", "2.5"]
    done = quick("tokens", "create", "ada", *words, *limits)
    assert "No endpoint is named joker here; there is none yet." in done.err
    login = access.find_token(hash_token(done.out.strip()))
    assert login is not None
    assert login.token is not None
    scope = login.token.scope
    assert (scope.endpoints, scope.parameters.only, scope.parameters.most) == (
        ("joker",),
        ("temperature",),
        {"max_tokens": 500},
    )
    access.add_token_usage(now_ms() // 86_400_000, {login.token.token_id: Used(1234, 5, 0.5)})
    listed = " ".join(quick("tokens", "list").out.split())
    for told in ("endpoint joker", "60 requests/min", "2.5 USD/day", "1,234 requests, $0.5"):
        assert told in listed
    shown = quick("--json", "tokens", "list").json
    assert shown["tokens"][0]["scope"]["allowance"] == {
        "requests_per_minute": 60,
        "tokens_per_minute": 9000,
        "usd_per_day": 2.5,
    }
    assert shown["used_today"][login.token.token_id]["requests"] == 1234
    audited = quick("--json", "audit", "list").json["entries"][0]["after"]
    assert '"endpoints":["joker"]' in audited
    assert '"usd_per_day":2.5' in audited


def test_a_role_on_an_endpoint_is_given_and_taken_away(quick: Quire, access: AccessStore) -> None:
    quick("users", "create", "ci", "--no-password", "--role", "none")
    quick("users", "grant", "ci", "reader", "--endpoint", "joker")
    assert "endpoint  joker" in quick("users", "show", "ci").out
    quick("users", "revoke", "ci", "--endpoint", "joker")
    assert access.list_permissions() == []


def test_what_the_command_line_changes_is_in_the_audit_log(quick: Quire, access: AccessStore) -> None:
    quick("users", "create", "ci", "--no-password")
    quick("users", "grant", "ci", "reader", "-e", "Default")
    quick("users", "update", "ci", "--role", "editor")
    entries = quick("--json", "audit", "list").json["entries"]
    assert [entry["action"] for entry in entries] == ["users update", "users grant", "users create"]
    assert (entries[0]["before"], entries[0]["after"]) == ('{"role":null}', '{"role":"editor"}')
    assert "(command line)" in entries[0]["username"]
    assert len(quick("--json", "audit", "list", "--limit", "1").json["entries"]) == 1
    assert len(quick("--json", "audit", "list", "--action", "users grant").json["entries"]) == 1
    shown = quick("audit", "list", "--entity", "user:ci").out
    assert "users create" in shown
    assert "users grant" not in shown


def test_a_change_that_is_refused_is_not_in_the_audit_log(quick: Quire, access: AccessStore) -> None:
    quick("users", "create", "ada", "--no-password")
    quick("users", "delete", "ada")
    assert quick("--json", "audit", "list").json["entries"] == []
