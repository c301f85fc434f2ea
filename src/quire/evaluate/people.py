"""What people said of the answers of an evaluation: feedback on the answers' traces, by question and person."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.scores import ScoreValue
from quire.store.base import Store

_ORDER = "quire.review.order"
"""Key of the metadata of what is said of a pair of answers, which is no judgement of either."""
_AT_ONCE = 100
_stamps = itertools.count()


class Answer(msgspec.Struct, frozen=True, order=True):
    """One answer: who gave it, to the record at this place of the data, in which repeat."""

    variant: str
    index: int
    repeat: int


Said = dict[str, dict[str, ScoreValue]]
"""What people said of one answer: by question, then by person."""


class People:
    """What people said of each answer, of how many ``answers``. ``stamp`` is another for each that is read."""

    def __init__(self, answers: int, said: dict[Answer, Said]) -> None:
        self.answers, self.said = answers, said
        self.stamp = next(_stamps)

    @cached_property
    def questions(self) -> dict[str, list[Answer]]:
        """The answers of which something was said, by question."""
        found: dict[str, list[Answer]] = {}
        for answer, said in self.said.items():
            for question in said:
                found.setdefault(question, []).append(answer)
        return found


def read_people(
    store: Store, traces: Iterable[tuple[Answer, str]], experiments: Collection[str] | None = None
) -> People:
    """What people said of these answers, each given with its trace; of several words of one person the newest.

    Of traces of other experiments than these nothing is read.
    """
    of_trace: dict[str, list[Answer]] = {}
    answers = 0
    for answer, trace_id in traces:
        of_trace.setdefault(trace_id, []).append(answer)
        answers += 1
    newest: dict[tuple[str, str, str], Assessment] = {}
    for experiment, one in _from_people(store, list(of_trace)):
        if (experiments is None or experiment in experiments) and one.valid is not False and _ORDER not in one.metadata:
            key = (one.trace_id, one.assessment_name, one.source.source_id)
            if key not in newest or (newest[key].create_time_ms or 0) <= (one.create_time_ms or 0):
                newest[key] = one
    said: dict[Answer, Said] = {}
    for (trace_id, question, person), one in newest.items():
        value = one.value
        if isinstance(value, bool | int | float | str) and value == value:
            for answer in of_trace[trace_id]:
                said.setdefault(answer, {}).setdefault(question, {})[person] = value
    return People(answers, dict(sorted(said.items())))


def _from_people(store: Store, trace_ids: list[str]) -> Iterator[tuple[str, Assessment]]:
    """Feedback of people on these traces, with the experiments of the traces."""
    views = getattr(store, "trace_views", None)
    if views is not None:
        yield from views.human_feedback(trace_ids)
        return
    for start in range(0, len(trace_ids), _AT_ONCE):
        for info in store.get_trace_infos(trace_ids[start : start + _AT_ONCE]):
            for one in info.assessments:
                if one.feedback is not None and one.source.source_type == "HUMAN":
                    yield info.experiment_id, one
