"""The traces that an interrupted evaluation made: its answers are kept, and are not sent, so not traced, again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

from quire.caller.journal import content_key
from quire.domain.calls import Call
from quire.domain.errors import QuireError
from quire.tracking.client import Client

_AT_ONCE = 100

log = logging.getLogger("quire")


class EarlierTraces:
    """Traces of the runs that are gone on with, found by what was asked; each is given out once, the oldest first.

    A hash of each question is held, not the traces. One whose question was not stored whole is not found.
    """

    def __init__(self, uri: str, experiment_id: str, run_ids: Mapping[str, str]) -> None:
        self._found: dict[tuple[str, bytes], deque[str]] = {}
        try:
            for variant, run_id in run_ids.items():
                self._read(Client(uri), experiment_id, variant, run_id)
        except QuireError as error:
            log.warning("Traces from before the interruption are not found again: %s", error)

    def take(self, variant: str, call: Call) -> str | None:
        """The trace of a call of a variant; None if none is left."""
        waiting = self._found.get((variant, _key(call.body)))
        return waiting.popleft() if waiting else None

    def _read(self, client: Client, experiment_id: str, variant: str, run_id: str) -> None:
        token = None
        while True:
            page = client.search_traces(
                [experiment_id],
                filter_string="status = 'OK'",
                order_by=["timestamp_ms ASC"],
                max_results=_AT_ONCE,
                page_token=token,
                run_id=run_id,
            )
            for trace in page:
                root = next((span for span in trace.data.spans if span.parent_id is None), None)
                if root is not None and isinstance(root.inputs, dict):
                    key = variant, _key(root.inputs)
                    self._found.setdefault(key, deque()).append(trace.info.trace_id)
            token = page.token
            if not token:
                return


def _key(body: Mapping[str, Any]) -> bytes:
    return content_key(Call("chat.completions", dict(body), (0,)))
