"""Outcomes on their way out of a batch: recorded, counted, handed over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from quire.caller.journal import Kept
from quire.caller.options import Report
from quire.domain.calls import Answer, Outcome

Finished = tuple[int, Outcome]
Deliver = Callable[[list[Finished] | BaseException | None], None]
"""Told of finished calls; then once of None (all calls finished) or of the error that ended the batch."""


class Delivery:
    """Hands over all that finished in one turn of the event loop at once, in the order in which it finished.

    What finished is recorded first: nothing is handed over that a killed process would forget.
    """

    def __init__(self, report: Report, deliver: Deliver, journal: Kept | None) -> None:
        self.ended = False
        self._failed = False
        self._report = report
        self._deliver = deliver
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._finished: list[tuple[int, bytes, Outcome]] = []
        self._expected = 0
        self._all_known = False

    def expect(self, calls: int) -> None:
        """So many more calls are to finish."""
        self._expected += calls

    def expect_no_more(self) -> None:
        """Once the calls expected so far have finished, the batch is over."""
        self._all_known = True
        self._loop.call_soon(self._flush)

    def add(self, index: int, key: bytes, outcome: Outcome) -> None:
        """A call finished; ``key`` is its name in the journal."""
        self._finished.append((index, key, outcome))
        if len(self._finished) == 1:
            self._loop.call_soon(self._flush)

    def fail(self, error: Exception) -> None:
        """The batch ends with an error."""
        if not self.ended:
            self.ended = self._failed = True
            self._deliver(error)

    def stop(self) -> None:
        """Hand over nothing more."""
        self.ended = True

    def record_rest(self) -> None:
        """Record what finished and was not handed over. Raises what the journal raises, unless that ended the batch."""
        try:
            self._record()
        except Exception:
            if not self._failed:
                raise

    def _flush(self) -> None:
        if self.ended:
            return
        try:
            finished = self._record()
        except Exception as error:
            self.fail(error)
            return
        if finished:
            self._expected -= len(finished)
            for _index, outcome in finished:
                self._report.count(outcome)
            self._deliver(finished)
        if self._all_known and self._expected == 0:
            self.ended = True
            self._deliver(None)

    def _record(self) -> list[Finished]:
        finished = self._finished
        if self._journal is not None:
            entries = [
                (key, index, outcome)
                for index, key, outcome in finished
                if isinstance(outcome, Answer) and not outcome.replayed
            ]
            if entries:
                self._journal.write(entries)
        self._finished = []
        return [(index, outcome) for index, _key, outcome in finished]
