"""Roles, scopes and decisions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.access import (
    ROLES,
    Identity,
    Kind,
    Resource,
    Role,
    Scope,
    Token,
    User,
    check_role,
    check_token_name,
    check_username,
    expiration,
    reaches,
    weakest,
)
from quire.domain.credentials import (
    check_password,
    hash_password,
    hash_token,
    is_token,
    new_token,
    verify_password,
)
from quire.domain.errors import InvalidInput, PermissionDenied

JOKES, OTHER, JOKER = Resource("experiment", "1"), Resource("experiment", "2"), Resource("registered_model", "joker")


def identity(role: Role | None = None, permissions: dict[Resource, Role] | None = None, **fields: Any) -> Identity:
    user = User(user_id="1", username="ada", role=role, has_password=True, creation_time=0, last_update_time=0)
    return Identity(user=user, permissions=permissions or {}, **fields)


def test_who_has_no_role_has_the_default_on_what_others_made() -> None:
    assert identity().role_on(JOKES) == "reader"
    assert identity(default="none").role_on(JOKES) == "none"
    assert identity(default="none").may_create("experiment")


def test_a_role_in_the_workspace_counts_in_place_of_the_default() -> None:
    assert identity("editor", default="none").role_on(JOKES) == "editor"
    assert identity("none", default="editor").role_on(JOKES) == "none"


def test_a_role_on_a_thing_counts_in_place_of_all_others() -> None:
    assert identity("editor", {JOKES: "none"}).role_on(JOKES) == "none"
    assert identity("none", {JOKES: "admin"}).role_on(JOKES) == "admin"
    assert identity("none", {JOKES: "admin"}).role_on(OTHER) == "none"


def test_an_admin_may_everything_whatever_was_given() -> None:
    assert identity("admin", {JOKES: "none"}).role_on(JOKES) == "admin"


@pytest.mark.parametrize(("role", "may"), [("none", False), ("reader", False), ("editor", True), ("admin", True)])
def test_new_things_need_an_editor(role: Role, may: bool) -> None:
    assert identity(role).may_create("experiment") is may


def test_a_read_only_token_reads() -> None:
    asked = identity("admin", scope=Scope(read_only=True))
    assert asked.role_on(JOKES) == "reader"
    assert not asked.may_create("experiment")
    assert not asked.administers


def test_a_narrow_token_holds_for_what_it_names_and_nothing_else() -> None:
    asked = identity("editor", scope=Scope(experiments=("1",)))
    assert asked.role_on(JOKES) == "editor"
    assert asked.role_on(OTHER) == "none"
    assert asked.role_on(JOKER) == "none"
    assert not asked.may_create("experiment")


@pytest.mark.parametrize("scope", [Scope(experiments=()), Scope(registered_models=())])
def test_a_token_that_names_an_empty_list_holds_for_nothing(scope: Scope) -> None:
    asked = identity("admin", scope=scope)
    assert [asked.role_on(item) for item in (JOKES, JOKER)] == ["none", "none"]


_ROLE = st.sampled_from(ROLES)
_KEYS = st.sampled_from(["1", "2", "3"])
_RESOURCE = st.builds(Resource, st.sampled_from(["experiment", "registered_model"]), _KEYS)
_LIST = st.none() | st.lists(_KEYS, max_size=2).map(tuple)
_SCOPE = st.builds(Scope, read_only=st.booleans(), experiments=_LIST, registered_models=_LIST)
_PERMISSIONS = st.dictionaries(_RESOURCE, _ROLE, max_size=4)


@given(st.none() | _ROLE, _PERMISSIONS, _ROLE, _SCOPE, _RESOURCE)
def test_a_token_never_widens(
    role: Role | None, permissions: dict[Resource, Role], default: Role, scope: Scope, resource: Resource
) -> None:
    whole = identity(role, permissions, default=default)
    limited = identity(role, permissions, default=default, scope=scope, method="token", token_id="t")
    assert reaches(whole.role_on(resource), limited.role_on(resource))
    assert whole.administers >= limited.administers
    assert whole.may_create("experiment") >= limited.may_create("experiment")


@given(st.none() | _ROLE, _PERMISSIONS, _ROLE, _SCOPE, _KEYS, st.sampled_from(["experiment", "registered_model"]))
def test_what_is_visible_is_what_may_be_read(
    role: Role | None, permissions: dict[Resource, Role], default: Role, scope: Scope, key: str, kind: Kind
) -> None:
    asked = identity(role, permissions, default=default, scope=scope)
    assert asked.visible(kind).holds(key) == asked.reads(Resource(kind, key))


@given(st.none() | _ROLE, _PERMISSIONS, _ROLE, _RESOURCE, _ROLE)
def test_what_is_required_is_had_or_refused(
    role: Role | None, permissions: dict[Resource, Role], default: Role, resource: Resource, needed: Role
) -> None:
    asked = identity(role, permissions, default=default)
    if reaches(asked.role_on(resource), needed):
        asked.require(needed, resource)
    else:
        with pytest.raises(PermissionDenied, match=f"this needs '{needed}'"):
            asked.require(needed, resource)


def test_a_refusal_says_who_lacks_what_on_what() -> None:
    with pytest.raises(PermissionDenied) as refused:
        identity("none", scope=Scope(read_only=True)).require("editor", JOKER)
    assert refused.value.message == (
        "The user 'ada', by a limited token, has the role 'none' on the registered model 'joker'; this needs 'editor'. "
        "Ask an admin of it, or of the server, for that role."
    )


def test_who_may_not_administer_create_or_act_by_token_is_told() -> None:
    with pytest.raises(PermissionDenied, match="does not administer this server"):
        identity("editor").require_admin()
    with pytest.raises(PermissionDenied, match="may not create a new registered model"):
        identity("reader").require_create("registered_model")
    with pytest.raises(PermissionDenied, match="A token cannot create tokens"):
        identity(method="token").require_person()
    identity(method="session").require_person()


def test_roles_are_ordered() -> None:
    assert weakest("admin", "reader", "editor") == "reader"
    assert [reaches("editor", role) for role in ROLES] == [True, True, True, False]


@pytest.mark.parametrize("role", ["owner", "", None, 3, "Admin"])
def test_other_roles_are_refused(role: object) -> None:
    with pytest.raises(InvalidInput, match="expected one of none, reader, editor, admin"):
        check_role(role)


@pytest.mark.parametrize("name", ["ada", "Zoë", "ada@example.com", "a", "service account 7", "x" * 255])
def test_names_of_users_are_texts_that_a_login_can_hold(name: str) -> None:
    assert check_username(name) == name


@pytest.mark.parametrize("name", ["", " ", "a:b", "a\tb", "\x7f", "x" * 256, b"ada", None])
def test_other_names_of_users_are_refused(name: object) -> None:
    with pytest.raises(InvalidInput, match="Invalid user name"):
        check_username(name)


@pytest.mark.parametrize("name", ["a\nb", "x" * 256, None])
def test_other_names_of_tokens_are_refused(name: object) -> None:
    with pytest.raises(InvalidInput, match="Invalid token name"):
        check_token_name(name)


def test_a_token_expires_when_it_should() -> None:
    assert expiration(None, 5) is None
    assert expiration(0.5, 1000) == 1000 + 43_200_000
    for days in (0, -1, 4000, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="may last up to 3,650 days"):
            expiration(days, 0)
    token = Token(
        token_id="t", username="a", name="", scope=Scope(), creation_time=0, expiration_time=10, last_used_time=None,
        revocation_time=None,
    )  # fmt: skip
    assert [token.is_valid(now) for now in (9, 10)] == [True, False]


def test_a_password_fits_the_hash_that_was_made_of_it_and_no_other() -> None:
    stored = hash_password("correct horse battery")
    assert verify_password("correct horse battery", stored)
    assert not verify_password("correct horse batterY", stored)
    assert "correct" not in stored
    assert hash_password("correct horse battery") != stored


@pytest.mark.parametrize("stored", ["", "scrypt", "md5$1$2$3$4$5", "scrypt$x$1$1$AA$AA", "scrypt$3$1$1$AA$AA", "$" * 9])
def test_a_hash_that_cannot_be_read_fits_nothing(stored: str) -> None:
    assert not verify_password("correct horse battery", stored)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1025, "twelve\0chars!", None, 12345678901234])
def test_a_password_that_is_too_short_or_long_is_refused_without_showing_it(password: Any) -> None:
    with pytest.raises(InvalidInput, match="expected 12 to 1,024") as refused:
        check_password(password)
    assert not password or str(password) not in refused.value.message


def test_tokens_are_long_and_never_the_same() -> None:
    secrets = {new_token() for _ in range(100)}
    assert len(secrets) == 100
    assert all(is_token(secret) and len(secret) == 49 for secret in secrets)
    assert len({hash_token(secret) for secret in secrets}) == 100
    assert not is_token("quire_" + "x" * 42)
    assert not is_token("quire_" + "x" * 43 + "\n")


def test_a_token_limited_to_endpoints_asks_these_and_reaches_nothing_else() -> None:
    asked = identity("admin", scope=Scope(endpoints=("joker",)))
    assert asked.asks("joker")
    assert not asked.asks("rhymer")
    assert asked.role_on(Resource("experiment", "1")) == asked.role_on(JOKER) == "none"
    assert not asked.administers
    assert not asked.may_create("experiment")


@pytest.mark.parametrize(
    "scope",
    [Scope(experiments=("1",)), Scope(registered_models=("joker",)), Scope(read_only=True), Scope(endpoints=())],
)
def test_a_token_limited_otherwise_asks_no_endpoint(scope: Scope) -> None:
    assert not identity("admin", scope=scope).asks("joker")


def test_a_token_that_may_only_read_asks_the_endpoints_that_it_names() -> None:
    assert identity("reader", scope=Scope(read_only=True, endpoints=("joker",))).asks("joker")


def test_a_user_asks_the_endpoints_that_they_may_read() -> None:
    assert identity("reader").asks("joker")
    assert not identity("none").asks("joker")
    assert identity("none", permissions={Resource("endpoint", "joker"): "reader"}).asks("joker")
    assert not identity("reader", permissions={Resource("endpoint", "joker"): "none"}).asks("joker")
