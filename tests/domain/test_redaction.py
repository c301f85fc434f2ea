"""Credentials are removed wherever they look like one, and nothing else is touched."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.redaction import REDACTED, names_secret, redact, redact_value

SECRETS = [
    ("sk-abcdefghijklmnopqrstuvwx", REDACTED),
    ("key sk-proj-Abc_123-def_456-ghi_789 used", f"key {REDACTED} used"),
    ("OPENAI_API_KEY=0123456789abcdef0123456789abcdef", f"OPENAI_API_KEY={REDACTED}"),
    ("api-key: 0123456789abcdef", f"api-key: {REDACTED}"),
    ('{"api_key": "0123456789abcdef", "n": 1}', f'{{"api_key": "{REDACTED}", "n": 1}}'),
    ("{'api_key': 'sk-aaaaaaaaaaaaaaaaaaaa'}", f"{{'api_key': '{REDACTED}'}}"),
    ("Authorization: Bearer abcdefghijklmnop123", f"Authorization: Bearer {REDACTED}"),
    ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: Basic {REDACTED}"),
    ("bearer abcdefghijklmnopqrstuvwxyz", f"bearer {REDACTED}"),
    ("Cookie: session=abcd1234; other=efgh", f"Cookie: {REDACTED}"),
    ("set-cookie: sid=abcd1234; Path=/\nnext", f"set-cookie: {REDACTED}\nnext"),
    ("postgresql://user:pa55@host/db", f"postgresql://{REDACTED}@host/db"),
    ("redis://:pa55word@host", f"redis://{REDACTED}@host"),
    ("https://x.y/z?api_key=abcdefgh12&n=2", f"https://x.y/z?api_key={REDACTED}&n=2"),
    ("https://x.y/z?sv=1&sig=abcdefgh12%3D", f"https://x.y/z?sv=1&sig={REDACTED}"),
    ("AccountKey=abc123abc123==;EndpointSuffix=x", f"AccountKey={REDACTED};EndpointSuffix=x"),
    ("AKIAIOSFODNN7EXAMPLE", REDACTED),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", REDACTED),
    ("hf_abcdefghijklmnopqrstuvwxyz012345", REDACTED),
    ("token quire_vxVad467YxAwUxCoDiVGg-yuSg_sQHk6UDU14XXACmM.", f"token {REDACTED}."),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4", REDACTED),
    ("password=hunter22&x=1", f"password={REDACTED}&x=1"),
    ('{"password": "hunter22"}', f'{{"password": "{REDACTED}"}}'),
    ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", REDACTED),
    ("-----BEGIN PRIVATE KEY-----\nabc cut off", REDACTED),
]
HARMLESS = [
    "",
    "quire_server_and_a_name_that_is_longer_than_any_token_of_it_can_be",
    "Tell me a joke about a cookie and a bearer of bad news.",
    "Cookie: chocolate chip",
    "sk-learn-based-classification-of-things",
    "risk-adjusted-return-of-the-portfolio",
    "Authorization: required for everyone",
    "Reset password: instructions follow",
    "api_key=os.environ['OPENAI_API_KEY']",
    "The api_key: a string",
    "mail a@b.c or see https://x.y/z?token=1",
    "max_tokens=1000, top_p=1",
    "a task-specific-model-for-the-purpose",
    "16:9 and 4:3 at https://example.com:8080/path",
]


@pytest.mark.parametrize(("text", "expected"), SECRETS)
def test_a_credential_is_replaced_and_its_label_stays(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_text_that_is_no_credential_is_returned_as_it_is(text: str) -> None:
    assert redact(text) is text or redact(text) == text


@pytest.mark.parametrize(("text", "expected"), SECRETS)
def test_redacting_again_changes_nothing(text: str, expected: str) -> None:
    assert redact(expected) == expected


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50), st.text(max_size=50))
def test_a_key_is_found_in_any_surroundings(before: str, after: str) -> None:
    text = redact(f"{before} sk-Zq8Zq8Zq8Zq8Zq8Zq8Zq8 {after}")
    assert "Zq8Zq8Zq8Zq8Zq8" not in text


@given(st.text(alphabet="abcdefgh ijlmnoqrtuvwxyz.,!?\n", max_size=200))
def test_plain_prose_is_untouched(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000 + " token=1",
        "-----BEGIN PRIVATE KEY-----" * 5_000,
        "://a:" * 20_000 + "@",
        "sk-" + "a-" * 50_000,
        "cookie: " * 20_000,
        "bearer " * 20_000,
    ],
)
def test_hostile_text_costs_linear_time(text: str) -> None:
    began = time.perf_counter()
    redact(text)
    assert time.perf_counter() - began < 20.0


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "http.request.header.x-api-key",
        "api_key",
        "Set-Cookie",
        "db.password",
        "apiKey",
    ],
)
def test_a_field_is_named_like_a_credential(name: str) -> None:
    assert names_secret(name)
    assert redact_value({"a": [{name: "opaque"}]}) == {"a": [{name: "[REDACTED]"}]}


@pytest.mark.parametrize("name", ["max_tokens", "tokens", "keyboard", "password_policy", "monkey", "cookies_enabled"])
def test_a_field_is_not_named_like_a_credential(name: str) -> None:
    assert not names_secret(name)
    assert redact_value({name: "open"}) == {name: "open"}
