"""What people say of evaluations' answers: kept for a moment, and how scores agree with it as messages."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

import msgspec

from quire.evaluate.agreeing import HumanAgreement, PersonAgreement, QuestionAgreement, ScorerAgreement
from quire.evaluate.browsing import Browsed
from quire.evaluate.people import People
from quire.server.context import Context
from quire.server.evaluations.messages import (
    AskedPeople,
    KappaOf,
    PeopleAgreementResponse,
    ScoreAgainstPeople,
    VariantAlike,
)
from quire.server.kept import PATIENCE
from quire.server.own_client import OwnClient
from quire.stats.results import Kappa

_EXTRA = "evaluations.people"
_MOST = 16
_LEAST_S = 1.0


class _Held(msgspec.Struct, frozen=True):
    people: People
    judged: int
    until: float


class _Read:
    """What was read of people, by evaluation: read anew once somebody here has judged, else after a moment."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._turns: dict[str, Lock] = {}
        self._lock = Lock()
        self._judged = 0

    def judged(self) -> None:
        """Somebody has judged an answer."""
        with self._lock:
            self._judged += 1

    def get(self, context: Context, browsed: Browsed) -> People:
        """What people say of the answers of an evaluation. Of several who ask at once, one reads."""
        run_id = browsed.evaluation.run_id
        with self._lock:
            turn = self._turns.setdefault(run_id, Lock())
        with turn:
            with self._lock:
                held, judged = self._held.get(run_id), self._judged
            if held is not None and held.judged == judged and time.monotonic() < held.until:
                return held.people
            begun = time.monotonic()
            people = browsed.read_people({OwnClient(context).get_run(run_id).info.experiment_id})
            now = time.monotonic()
            self._keep(run_id, _Held(people, judged, now + max(PATIENCE * (now - begun), _LEAST_S)))
            return people

    def _keep(self, run_id: str, held: _Held) -> None:
        with self._lock:
            self._held[run_id] = held
            self._held.move_to_end(run_id)
            while len(self._held) > _MOST:
                gone, _ = self._held.popitem(last=False)
                self._turns.pop(gone, None)


def _read(context: Context) -> _Read:
    found: _Read = context.extras.setdefault(_EXTRA, _Read())
    return found


def people_of(context: Context, browsed: Browsed) -> People:
    """What people say of an evaluation's answers: what was said here at once, what elsewhere within a moment.

    The moment is a second, or twenty times as long as reading takes.
    """
    return _read(context).get(context, browsed)


def judged(context: Context) -> None:
    """Note that somebody has judged an answer here, so that it counts at once."""
    _read(context).judged()


def agreed(found: HumanAgreement) -> PeopleAgreementResponse:
    """The agreement of scores with people as a message."""
    return PeopleAgreementResponse(
        answers=found.answers,
        judged=found.judged,
        confidence=found.confidence,
        good_from=found.good_from,
        questions=[_question(one) for one in found.questions],
    )


def _question(one: QuestionAgreement) -> AskedPeople:
    among = one.among
    alpha = {} if among is None else {"alpha": among.value, "alpha_low": among.low, "alpha_high": among.high}
    return AskedPeople(
        question=one.question,
        answers=one.answers,
        people=one.people,
        scores=[_score(score) for score in one.scorers],
        incomparable=one.incomparable,
        alpha_n=0 if among is None else among.n,
        **alpha,
    )


def _score(one: ScorerAgreement) -> ScoreAgainstPeople:
    return ScoreAgainstPeople(
        score=one.scorer,
        basis=one.basis,
        note=one.note,
        sentence=str(one),
        total=_kappa(one.kappa),
        apart=len(one.disagreements),
        split=one.split,
        unscored=one.unscored,
        labels=one.labels,
        table=one.table,
        by_variant=[VariantAlike(variant=share.variant, n=share.n, alike=share.alike) for share in one.by_variant],
        by_person=_people(one.by_person),
        more=one.more,
    )


def _people(found: Iterable[PersonAgreement]) -> list[KappaOf]:
    return [_kappa(one.kappa, one.person) for one in found]


def _kappa(kappa: Kappa, name: str = "") -> KappaOf:
    return KappaOf(
        name=name,
        n=kappa.n,
        kappa=kappa.value,
        low=kappa.low,
        high=kappa.high,
        alike=kappa.agreement,
        alike_low=kappa.agreement_low,
        alike_high=kappa.agreement_high,
    )
