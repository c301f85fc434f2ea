"""Finding text that looks like a credential, and replacing it before it is stored or shown."""

from __future__ import annotations

import re
from typing import Any

REDACTED = "[REDACTED]"

_SECRET = re.compile(
    r"""
      (?P<key>(?<![A-Za-z0-9])(?:sk|rk|pk)-(?!learn\b)[A-Za-z0-9_\-]{16,})   # OpenAI and lookalikes
    | (?P<github>\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}))
    | (?P<aws>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)
    | (?P<google>\bAIza[A-Za-z0-9_\-]{30,})
    | (?P<huggingface>\bhf_[A-Za-z0-9]{30,})
    | (?P<quire>(?<![A-Za-z0-9])quire_[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-]))      # a token of Quire's server
    | (?P<jwt>\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,})
    | (?P<cookie>(?i:\b(?:set-)?cookie["']?\s*[:=]\s*["']?)[^\s=;"',]+=[^\r\n"']{4,})
    | (?P<scheme>(?i:\bauthorization["']?\s*[:=]\s*["']?(?:basic|digest|bearer|token|apikey)\s+)[^\s"',;]{4,})
    | (?P<bearer>(?i:\bbearer\s+)[A-Za-z0-9._~+/\-]{12,}=*)
    | (?P<field>(?i:(?<![A-Za-z0-9])(?:api[-_]?key|authorization|access[-_]?token|auth[-_]?token|client[-_]?secret
        |account[-_]?key|secret[-_]?access[-_]?key|ad[-_]?token)["']?\s*[:=]\s*["']?)
        (?=[^\s"',;&}]*\d)[^\s"',;&}]{8,})                                   # prose after a colon has no digit
    | (?P<password>(?i:(?<![A-Za-z0-9])(?:password|passwd|pwd)(?:=|["']\s*:\s*["']))[^\s"',;&}]{4,})
    | (?P<url>://[^/\s:@"']*:[^/\s@"']+@)                                  # user:password@host
    | (?P<query>[?&](?i:api[-_]?key|key|sig|signature|token|access_token|x-amz-signature|x-amz-security-token)=
        [^&\s"'\#]{8,})
    | (?P<pem>-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----(?:[^-]|-(?!----))*(?:-----END\ [A-Z ]*PRIVATE\ KEY-----)?)
    """,
    re.VERBOSE | re.DOTALL,
)
_LABEL = re.compile(
    r"""(?i)^(?:[?&][\w-]+=|(?:[\w-]+["']?\s*[:=]\s*["']?)?(?:(?:basic|digest|bearer|token|apikey)\s+)?)"""
)
_LABELLED = frozenset({"cookie", "scheme", "bearer", "field", "password", "query"})

_EXACT_HINTS = ("AKIA", "ASIA", "AIza", "eyJ", "PRIVATE KEY")
_HINTS: dict[str, tuple[str, ...]] = {
    "k-": ("sk-", "rk-", "pk-"),
    "_": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_", "quire_"),
    "cookie": ("cookie",),
    "authorization": ("authorization",),
    "bearer": ("bearer",),
    "key": (
        "api_key",
        "api-key",
        "apikey",
        "key=",
        "account_key",
        "account-key",
        "accountkey",
        "access_key",
        "access-key",
    ),
    "token": (
        "token=",
        "access_token",
        "access-token",
        "accesstoken",
        "auth_token",
        "auth-token",
        "ad_token",
        "ad-token",
    ),
    "secret": ("client_secret", "client-secret", "clientsecret", "secretaccesskey"),
    "passw": ("password=", "passwd=", 'password"', "password'", 'passwd"', "passwd'"),
    "pwd": ("pwd=", 'pwd"', "pwd'"),
    "sig": ("sig=", "signature="),
}
"""A common stem, and what must follow for the pattern to be worth its time; in lower case."""
_STEMS = tuple(_HINTS.items())
_SHORTEST = 6
"""No text shorter than this holds a credential that the pattern finds."""


def redact(text: str) -> str:
    """Return ``text`` with everything that looks like a credential replaced by ``[REDACTED]``.

    A label in front of the secret (``Authorization:``, ``?api_key=``, ``Bearer``) stays, so that a reader
    still sees what was removed. Text without a hint of a credential is returned as it is, at the speed of a
    substring search.
    """
    return _SECRET.sub(_replacement, text) if _hints_at_credential(text) else text


def _hints_at_credential(text: str) -> bool:
    if len(text) < _SHORTEST:
        return False
    for hint in _EXACT_HINTS:
        if hint in text:
            return True
    if "://" in text and "@" in text:
        return True
    lowered = text.lower()
    for stem, hints in _STEMS:  # noqa: SIM110 - most texts hold no stem, and a generator takes twice as long to say so
        if stem in lowered and any(hint in lowered for hint in hints):
            return True
    return False


def _replacement(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "url":
        return f"://{REDACTED}@"
    label = _LABEL.match(match.group()) if kind in _LABELLED else None
    return f"{label.group() if label else ''}{REDACTED}"


_SECRET_NAME = re.compile(
    r"""(?ix) (?:^|[._\-]) (?:authorization|proxy-authorization|cookie|set-cookie|(?:x-)?api[_\-]?key|access[_\-]?token
    |auth[_\-]?token|refresh[_\-]?token|id[_\-]?token|ad[_\-]?token|client[_\-]?secret|account[_\-]?key
    |secret[_\-]?access[_\-]?key|private[_\-]?key|password|passwd|pwd) $"""
)


def names_secret(key: str) -> bool:
    """Whether a field of this name holds a credential: ``authorization``, ``http.request.header.api-key``, …."""
    return _SECRET_NAME.search(key) is not None


def redact_value(value: Any) -> Any:
    """Plain data (texts, numbers, lists, mappings) with the credentials in it replaced."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: REDACTED if _holds_secret(key, item) else redact_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_value(item) for item in value]
    return value


def _holds_secret(key: object, item: object) -> bool:
    return isinstance(key, str) and isinstance(item, str) and names_secret(key)


def secret_in(value: Any, place: str = "") -> str | None:
    """Where plain data holds what looks like a credential, such as ``upstream.base_url``; None if nowhere."""
    if isinstance(value, str):
        return None if redact(value) == value else redact(place)
    if isinstance(value, dict):
        for key, item in value.items():
            where = f"{place}.{key}" if place else str(key)
            found = redact(where) if item and _holds_secret(key, item) else secret_in(item, where)
            if found is not None:
                return found
    if isinstance(value, list):
        for number, item in enumerate(value):
            found = secret_in(item, f"{place}[{number}]")
            if found is not None:
                return found
    return None
