"""What an answer means and whether to try again. Pure."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from quire.caller.transport import Reply
from quire.domain.calls import FailureKind
from quire.domain.redaction import redact

BASE_DELAY = 0.5
MAX_DELAY = 30.0

_RETRYABLE_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_MODEL_CODES = frozenset({"model_not_found", "DeploymentNotFound", "deployment_not_found"})

_REMEDIES: dict[FailureKind, str] = {
    "authentication": "The credential was refused: check OPENAI_API_KEY, and that it belongs to this service.",
    "permission": "The credential is known and may not do this: check the permissions of its project and model.",
    "model_not_found": "Check the model's name; on Azure it is the deployment's name (OPENAI_DEPLOYMENT_NAME).",
    "quota": "Add credit or raise the budget in the account's billing settings, then run again.",
}
_NO_SUCH_PATH = "Nothing answers under this base URL: check OPENAI_BASE_URL (it usually ends in /v1)."


class Verdict(msgspec.Struct, frozen=True):
    """Why a request did not succeed, and whether the same request may succeed later."""

    kind: FailureKind
    message: str
    retry: bool
    status: int | None = None


def judge(reply: Reply) -> Verdict:
    """The verdict on a reply whose status is not success."""
    error = _error_object(reply.body)
    code = error.get("code") if isinstance(error.get("code"), str) else None
    message = str(error.get("message") or reply.body[:300].decode("utf-8", "replace") or "no message")
    kind = _kind(reply.status, code, bool(error))
    said = f"HTTP {reply.status}: {redact(message)}"
    remedy = _REMEDIES.get(kind) if error or kind != "model_not_found" else _NO_SUCH_PATH
    if remedy:
        said = f"{said.rstrip('. ')}. {remedy}"
    return Verdict(kind, said, _may_retry(kind, reply), reply.status)


def judge_error_in_answer(error: object) -> Verdict:
    """The verdict on an answer of status 200 whose body holds an error, as Responses and some gateways give."""
    fields = error if isinstance(error, dict) else {"message": error}
    code = str(fields.get("code") or fields.get("type") or "")
    said = redact(f"the answer holds an error: {fields.get('message') or code or fields}"[:500])
    if "rate_limit" in code:
        return Verdict("rate_limit", said, retry=True)
    if "server_error" in code or code in {"500", "502", "503", "504"}:
        return Verdict("server_error", said, retry=True)
    return Verdict("bad_request", said, retry=False)


def _may_retry(kind: FailureKind, reply: Reply) -> bool:
    """The service may say so itself (``x-should-retry``, which the official SDK obeys too)."""
    if kind == "quota":
        return False
    said = reply.headers.get("x-should-retry")
    return said == "true" if said in {"true", "false"} else reply.status in _RETRYABLE_STATUS


def _kind(status: int, code: str | None, has_error: bool) -> FailureKind:
    match status:
        case 401:
            return "authentication"
        case 403:
            return "permission"
        case 404:
            return "model_not_found" if code in _MODEL_CODES or not has_error else "not_found"
        case 408:
            return "timeout"
        case 429:
            return "quota" if code in _QUOTA_CODES else "rate_limit"
    return "server_error" if status >= 500 else "bad_request"


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    error = decoded.get("error", decoded) if isinstance(decoded, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def backoff(attempt: int, draw: float | None = None) -> float:
    """Seconds before the next attempt: full jitter over an exponentially growing span.

    ``attempt`` counts from 1. Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    span = min(MAX_DELAY, BASE_DELAY * 2.0 ** (attempt - 1))
    uniform: float = random.random() if draw is None else draw  # noqa: S311 - spreading load, not secrets
    return span * uniform


class RetryBudget:
    """Keeps retries from multiplying load: they may be at most a share of what succeeded, plus a reserve.

    Source: the retry budgets of Finagle and gRPC (A6). Waits that the service itself asked for are free.
    """

    __slots__ = ("_balance", "_share", "reserve")

    def __init__(self, reserve: float = 200.0, share: float = 0.5) -> None:
        self.reserve = reserve
        self._share = share
        self._balance = reserve

    def succeeded(self) -> None:
        """One request succeeded and earns its share."""
        self._balance = min(self._balance + self._share, 10 * self.reserve)

    def spend(self) -> bool:
        """Pay for one retry; False when the budget is exhausted."""
        if self._balance < 1.0:
            return False
        self._balance -= 1.0
        return True
