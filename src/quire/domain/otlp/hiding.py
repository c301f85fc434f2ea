"""Credentials in spans: found and replaced before a span is stored."""

from __future__ import annotations

from collections.abc import Iterable

from ahocorasick_rs import BytesAhoCorasick
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.redaction import REDACTED, names_secret, redact

# What a credential, or a field that holds one, looks like at a first glance; in lower case.
_HINTS = (
    "sk-",
    "rk-",
    "pk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "hf_",
    "quire_",
    "akia",
    "asia",
    "aiza",
    "eyj",
    "cookie",
    "authorization",
    "bearer",
    "api_key",
    "api-key",
    "apikey",
    "account_key",
    "account-key",
    "accountkey",
    "access_key",
    "access-key",
    "private_key",
    "private-key",
    "key=",
    "token=",
    "access_token",
    "access-token",
    "accesstoken",
    "auth_token",
    "auth-token",
    "ad_token",
    "ad-token",
    "id_token",
    "id-token",
    "refresh_token",
    "refresh-token",
    "client_secret",
    "client-secret",
    "clientsecret",
    "secretaccesskey",
    "passw",
    "pwd",
    "sig=",
    "signature=",
    "private key",
)
_FINDER = BytesAhoCorasick([hint.encode() for hint in _HINTS])


def may_hold_secret(data: bytes) -> bool:
    """Whether text inside ``data`` hints at a credential, or a field is named like one. False is certain."""
    return bool(_FINDER.find_matches_as_indexes(data.lower())) or (b"://" in data and b"@" in data)


def hide_secrets(span: Span) -> None:
    """Replace credentials in the name, the attributes, the events, the links and the status of a span, in place."""
    span.name = redact(span.name)
    span.trace_state = redact(span.trace_state)
    if span.status.message:
        span.status.message = redact(span.status.message)
    _hide(span.attributes)
    for event in span.events:
        event.name = redact(event.name)
        _hide(event.attributes)
    for link in span.links:
        _hide(link.attributes)


def _hide(attributes: Iterable[KeyValue]) -> None:
    for attribute in attributes:
        if names_secret(attribute.key):
            attribute.value.string_value = REDACTED
        else:
            _hide_in(attribute.value)


def _hide_in(value: AnyValue) -> None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        text = value.string_value
        hidden = redact(text)
        if hidden != text:
            value.string_value = hidden
    elif kind == "kvlist_value":
        _hide(value.kvlist_value.values)
    elif kind == "array_value":
        for item in value.array_value.values:
            _hide_in(item)
