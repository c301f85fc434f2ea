"""Finding text that looks like a credential, and replacing it before it is stored or shown."""

from __future__ import annotations

import re

REDACTED = "[REDACTED]"

_SECRET = re.compile(
    r"""
      (?P<key>\b(?:sk|rk|pk)-[A-Za-z0-9_\-]{16,})                          # OpenAI and lookalikes
    | (?P<github>\bgh[pousr]_[A-Za-z0-9]{30,})
    | (?P<aws>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)
    | (?P<jwt>\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,})
    | (?P<bearer>(?i:\bbearer\s+)[A-Za-z0-9._~+/\-]{12,}=*)
    | (?P<header>(?i:\b(?:api[-_]?key|x-api-key|authorization|set-cookie|cookie)["']?\s*[:=]\s*["']?)
        [^\s"',;}]{8,})
    | (?P<url>://[^/\s:@]+:[^/\s@]+@)                                       # user:password@host
    | (?P<query>[?&](?i:api[-_]?key|sig|signature|token|x-amz-signature)=[^&\s"']{8,})
    | (?P<pem>-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?-----END\ [A-Z ]*PRIVATE\ KEY-----)
    """,
    re.VERBOSE | re.DOTALL,
)
_HINT = re.compile(
    r"(?i)[srp]k-|gh[pousr]_|AKIA|ASIA|eyJ|bearer|api[-_]?key|authorization|cookie|://[^/\s]*@|sig|token"
    r"|PRIVATE KEY"
)
_LABEL = re.compile(r"(?i)^(?:bearer\s+|[?&][\w-]+=|[\w-]+[\"']?\s*[:=]\s*[\"']?)")


def redact(text: str) -> str:
    """Return ``text`` with everything that looks like a credential replaced by ``[REDACTED]``.

    A label in front of the secret (``Authorization:``, ``?api_key=``, ``Bearer``) stays, so that a reader
    still sees what was removed. Text without a hint of a credential is returned as it is.
    """
    if not _HINT.search(text):
        return text
    return _SECRET.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    if match.lastgroup == "url":
        return f"://{REDACTED}@"
    label = _LABEL.match(match.group()) if match.lastgroup in {"bearer", "header", "query"} else None
    return f"{label.group() if label else ''}{REDACTED}"
