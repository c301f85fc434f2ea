"""What an upstream's reply that is no answer calls for: passing on, another attempt, another upstream. Pure."""

from __future__ import annotations

from typing import Literal

from quire.caller.transport import Reply as CallerReply
from quire.caller.verdict import Verdict, judge
from quire.serving.request import Reply

Step = Literal["pass", "again", "limited", "elsewhere"]
"""``pass``: the caller's to see. ``again``: the same upstream may answer yet. ``limited``: it may, once its limit lets
it. ``elsewhere``: not this one, whatever the wait."""

_AGAIN_THEN_PASS = frozenset({408, 409})


def step_after(reply: Reply) -> Step:
    """What to do with a reply of this status, headers and error code.

    Refusals of the request (4xx) are the caller's to see. A refusal of Quire's own credential (401, 403) is not, and
    nor is a redirect. The upstream may say itself whether another attempt helps (``x-should-retry``).
    """
    status = reply.status
    if status < 300:
        return "pass"
    if status < 400 or status in (401, 403, 407):
        return "elsewhere"
    if status < 500 and status not in _AGAIN_THEN_PASS and status != 429:
        return "pass"
    if not verdict_on(reply).retry:
        return "pass" if status in _AGAIN_THEN_PASS else "elsewhere"
    return "limited" if status == 429 else "again"


def verdict_on(reply: Reply) -> Verdict:
    """The kind of refusal, and what the upstream said, without credentials."""
    return judge(CallerReply(reply.status, reply.headers, reply.body))


def is_passed_on(reply: Reply) -> bool:
    """Whether the caller sees this reply once nothing more is tried: limits and conflicts are the caller's too."""
    return reply.status == 429 or reply.status in _AGAIN_THEN_PASS
