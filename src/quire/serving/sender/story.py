"""What became of the attempts at one request, and what the caller is told when none brought an answer."""

from __future__ import annotations

import time

from quire.caller.limits import retry_after
from quire.serving.errors import NoAnswer
from quire.serving.request import Reply
from quire.serving.sender.judging import is_passed_on, verdict_on
from quire.serving.sender.lost import SLOW, Lost


class Story:
    """Told as attempts end; ``ending`` sums up. ``is_over`` once an upstream had begun an answer: no other is asked."""

    __slots__ = ("_alone_s", "_said", "_slow", "attempts", "is_over", "limit", "reply")

    def __init__(self) -> None:
        self.attempts = 0
        self.is_over = False
        self.reply: Reply | None = None
        self.limit: Reply | None = None
        self._said: dict[str, str] = {}
        self._slow: set[str] = set()
        self._alone_s: dict[str, float] = {}

    def lost(self, upstream: str, lost: Lost) -> None:
        """An attempt brought no answer."""
        self._tell(upstream, str(lost))
        if lost.kind in SLOW:
            self._slow.add(upstream)
        self.is_over = lost.began

    def refused(self, upstream: str, reply: Reply) -> None:
        """An upstream answered with an error."""
        self._tell(upstream, _refusal(reply))
        if is_passed_on(reply):
            self.limit = reply
        self.reply = reply

    def left_alone(self, upstream: str, wait_s: float) -> None:
        """An upstream was not asked, because it had failed too often."""
        if upstream not in self._said:
            self._tell(upstream, "failed too often and is left alone for a while")
            self._alone_s[upstream] = wait_s

    def ending(self) -> Reply:
        """The reply that the caller gets after all: a limit's, which says when to come back. Raises NoAnswer else."""
        if self.limit is not None and not self.is_over:
            self.limit.attempts = self.attempts
            return self.limit
        raise NoAnswer(self._summary(), status=self._status(), retry_after_s=self._retry_after_s())

    def _tell(self, upstream: str, said: str) -> None:
        self._said[upstream] = said
        self._slow.discard(upstream)
        self._alone_s.pop(upstream, None)

    def _summary(self) -> str:
        told = "; ".join(f"upstream {name!r} {said}" for name, said in self._said.items())
        many = f" ({self.attempts} attempts)" if self.attempts > 1 else ""
        return f"No answer{many}: {told or 'time was up before an upstream could be asked'}."

    def _status(self) -> int:
        """503 where every upstream is left alone or says that it is unavailable, 504 where all were slow, else 502."""
        known = set(self._said)
        if known == set(self._alone_s):
            return 503 if known else 504
        if known == self._slow:
            return 504
        busy = self.reply is not None and self.reply.status == 503 and len(known) == 1 and not self._slow
        return 503 if busy else 502

    def _retry_after_s(self) -> float | None:
        waits = list(self._alone_s.values())
        if self.reply is not None and (asked := retry_after(self.reply.headers, time.time())) is not None:
            waits.append(asked)
        return min(waits) if waits else None


def _refusal(reply: Reply) -> str:
    verdict = verdict_on(reply)
    if reply.status in (401, 403):
        return (
            f"refused the server's own credential (HTTP {reply.status}); whoever runs this server has to check the "
            "upstream's key and what it may do"
        )
    if reply.status < 400:
        return f"answered with a redirect (HTTP {reply.status}); its base URL is not right"
    return f"said {verdict.message.rstrip('. ')}"
