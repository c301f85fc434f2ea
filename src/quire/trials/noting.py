"""What servers note of answers, on its way to the store: in batches, on disk while the store is away.

Noting again changes nothing in the store, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from quire.domain.trials import Outcome, Served
from quire.store.base import Store
from quire.store.current import absolute_uri
from quire.store.rest.wire.feedback import GiveFeedback
from quire.store.serving import serving_of
from quire.tracking.outboxes import Outboxes
from quire.trials.desks import Desks

AT_ONCE = 500
"""Notes that are brought to the store with one call."""
_WEIGHT = 300
_MOST_ON_DISK = 1024 * 1024 * 1024


class Leaving(msgspec.Struct, frozen=True):
    """A unit that leaves the comparison of a trial on these metrics, because its arm failed."""

    trial_id: str
    unit: str
    metrics: list[str]


class Judged(msgspec.Struct, frozen=True):
    """What a scorer or a judge said of an answer, for the answer's trace."""

    served: Served
    said: GiveFeedback


class Note(msgspec.Struct, frozen=True):
    """Answers that were given, what was measured of them, units that leave, and what was said of an answer."""

    served: list[Served] = []
    outcomes: list[Outcome] = []
    leaving: list[Leaving] = []
    judged: Judged | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return _WEIGHT * (len(self.served) + len(self.outcomes) + len(self.leaving) + 1)


class OfServing:
    """Notes, as an outbox carries them."""

    name = "serving"
    operation = Note
    linger = 0.05
    most_linger = 1.0
    returns_before_disk = True
    most_on_disk = _MOST_ON_DISK

    @staticmethod
    def checked(note: Note) -> Note:
        """A note as it is kept."""
        return note

    @staticmethod
    def for_disk(note: Note) -> Note:
        """A note as it may wait on disk: ids, numbers, and reasons that were cleaned of credentials."""
        return note

    @staticmethod
    def merged(notes: Sequence[Note]) -> Iterator[tuple[Note, list[int]]]:
        """Notes joined, in their order, each with the places of those that it holds. What was said goes by itself."""
        together = [place for place, note in enumerate(notes) if note.judged is None]
        for start in range(0, len(together), AT_ONCE):
            places = together[start : start + AT_ONCE]
            part = [notes[place] for place in places]
            joined = Note(
                [one for note in part for one in note.served],
                [one for note in part for one in note.outcomes],
                [one for note in part for one in note.leaving],
            )
            yield joined, places
        yield from ((note, [place]) for place, note in enumerate(notes) if note.judged is not None)

    @staticmethod
    def perform(store: Store, note: Note) -> None:
        """Bring a note to the store: units that leave do so last, so that nothing of them is counted after."""
        serving = serving_of(store)
        if note.served:
            serving.record_served(note.served)
        if note.outcomes:
            serving.record_outcomes(note.outcomes)
        for one in note.leaving:
            serving.drop_outcomes(one.trial_id, one.unit, one.metrics)
        if note.judged is not None:
            from quire.trials.feedback import take_feedback

            take_feedback(store, note.judged.said, served=note.judged.served)

    @staticmethod
    def described(note: Note) -> str:
        """What it is, for the log."""
        of = sorted({one.trial_id for one in note.outcomes})
        return f"{len(note.served)} answers and {len(note.outcomes)} outcomes of {', '.join(of) or 'no trial'}"


def _kind() -> OfServing:
    return OfServing()


_outboxes: Outboxes[Note] = Outboxes(_kind)


def submit(uri: str, note: Note) -> None:
    """Hand a note over to the store of a URI. May wait a moment for the disk: not for an event loop."""
    _outboxes.of(absolute_uri(uri)).submit(note)


def flush(uri: str, timeout: float | None = None, *, while_away: bool = True) -> bool:
    """Wait until the store has what was handed over; whether it has. See :meth:`quire.tracking.outbox.Outbox.flush`."""
    desks.hand_over(absolute_uri(uri))
    outbox = _outboxes.existing(absolute_uri(uri))
    return outbox is None or outbox.flush(timeout, while_away=while_away)


def bring_with_traces() -> None:
    """Have notes brought before feedback on a trace of this process is stored, which needs them to find its arm."""
    from quire.tracing import exporter

    exporter.bring_too(_bring)


def _bring(uri: str, timeout: float) -> None:
    flush(uri, timeout, while_away=False)


def _hand_over(uri: str, notes: Sequence[Note]) -> None:
    outbox = _outboxes.of(uri)
    for note, _places in OfServing.merged(notes):
        outbox.submit(note)


desks: Desks[Note] = Desks(_hand_over)
"""Where an event loop lays notes down: ``desks.lay(uri, note)`` costs it a microsecond and never waits."""
