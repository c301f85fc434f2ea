"""What a reply of the service means: an answer, or why there is none and whether another attempt may help. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.caller.transport import Reply
from quire.domain.calls import Answer, Call, FailureKind, Task, read_usage
from quire.domain.redaction import redact
from quire.domain.unreadable import UNREADABLE

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


_ESSENCE: dict[Task, str] = {
    "chat.completions": "choices",
    "completions": "choices",
    "embeddings": "data",
    "responses": "output",
}
"""The key of an answer without which nothing can be read from it."""

_decode = msgspec.json.Decoder(dict).decode


class Verdict(msgspec.Struct, frozen=True):
    """Why a request did not succeed, and whether the same request may succeed later."""

    kind: FailureKind
    message: str
    retry: bool
    status: int | None = None


def read(call: Call, reply: Reply, latency: float, attempts: int) -> Answer | Verdict:
    """The answer that a reply holds, or the verdict on it."""
    if reply.status >= 300:
        return judge(reply)
    try:
        response = _decode(reply.body)
    except UNREADABLE as error:
        return _spoiled(f"the answer is not a JSON object ({error})", reply)
    if response.get("error"):
        return judge_error_in_answer(response["error"])
    if not isinstance(response.get(_ESSENCE[call.task]), list):
        return _spoiled(f"the answer lacks {_ESSENCE[call.task]!r}", reply)
    return Answer(call, response, read_usage(response), latency, attempts)


def _spoiled(what: str, reply: Reply) -> Verdict:
    return Verdict("invalid_response", redact(f"{what}: {reply.body[:120].decode('utf-8', 'replace')!r}"), retry=True)


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
    except UNREADABLE:
        return {}
    error = decoded.get("error", decoded) if isinstance(decoded, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}
