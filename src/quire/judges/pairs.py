"""Pairwise judging: which of two answers is better, asked in both orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.calls import Call
from quire.domain.errors import InvalidInput, QuireError
from quire.domain.redaction import redact
from quire.domain.scores import Score, ScoredRow
from quire.domain.template import escape
from quire.judges.asking import Group, Said, ask
from quire.judges.judge import Judge, JudgeSpec
from quire.judges.making import judge_of
from quire.judges.questions import Judged, as_text
from quire.judges.results import read_verdict
from quire.scorers.reading import expected

if TYPE_CHECKING:
    from quire.caller import CallerOptions

_CHOICES = ("first", "second", "tie")
_OUTCOMES = ({"first": 1.0, "second": 0.0, "tie": 0.5}, {"first": 0.0, "second": 1.0, "tie": 0.5})
"""What a choice says of a, in the order a b and in the order b a."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two answers to one request. ``a`` and ``b`` are the names of who gave them."""

    first: Any
    second: Any
    inputs: Any = None
    a: str = "a"
    b: str = "b"
    record_id: str = ""
    error: str | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Which of two answers is better: ``outcome`` is 1 for a, 0 for b, 0.5 for neither, None where ``error`` says why.

    ``consistent`` is False where the two orders were answered differently, which counts as a tie.
    """

    a: str
    b: str
    outcome: float | None = None
    consistent: bool = True
    record_id: str = ""
    rationale: str = ""
    error: str | None = None


class Judgements(Sequence[Judgement]):
    """Judgements of pairs, and their sum."""

    def __init__(self, judgements: Iterable[Judgement]) -> None:
        self._all = list(judgements)

    def __getitem__(self, place: Any) -> Any:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    @property
    def outcomes(self) -> list[tuple[str, str, float]]:
        """As :func:`quire.stats.bradley_terry` takes them: (a, b, outcome); failed ones are left out."""
        return [(one.a, one.b, one.outcome) for one in self._all if one.outcome is not None]

    @property
    def won(self) -> int:
        """How often a was better."""
        return sum(one.outcome == 1 for one in self._all)

    @property
    def lost(self) -> int:
        """How often b was."""
        return sum(one.outcome == 0 for one in self._all)

    @property
    def tied(self) -> int:
        """How often neither was; those asked inconsistently are counted here too."""
        return sum(one.outcome == 0.5 for one in self._all)

    @property
    def inconsistent(self) -> int:
        """How often the answer depended on the order."""
        return sum(not one.consistent for one in self._all)

    @property
    def failed(self) -> int:
        """How often there is no judgement."""
        return sum(one.outcome is None for one in self._all)

    def __repr__(self) -> str:
        return (
            f"Judgements(won={self.won}, lost={self.lost}, tied={self.tied}, inconsistent={self.inconsistent}, "
            f"failed={self.failed})"
        )


class Pairwise(Judge):
    """A judge of pairs. Each pair is asked about in both orders; where these disagree it is a tie, and counted.

    ``judge(pairs)`` and ``compare(rows, rows)`` judge pairs. As a scorer it compares the answer with the expectation
    ``expected_response``: 1 where the answer is better, 0 where the expected one is, 0.5 otherwise. A number.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.kind = "number"

    @classmethod
    def variables(cls) -> frozenset[str]:
        """What the template may name: the request, the two answers."""
        return frozenset({"inputs", "first", "second"})

    def judge(self, pairs: Iterable[Pair]) -> Iterator[Judgement]:
        """The judgement of each pair, in order, as they come; pairs are read a bounded number ahead."""
        waiting: deque[Pair] = deque()
        for said in ask(self._groups(pairs, waiting), self._account, self.options, self.kept):
            yield self._judgement(waiting.popleft(), said)

    def compare(
        self, first: Iterable[ScoredRow], second: Iterable[ScoredRow], *, a: str = "a", b: str = "b"
    ) -> Judgements:
        """The answers of two variants, matched by record and repeat; records that one lacks are left out.

        ``a`` and ``b`` are the variants' names. A row without an answer on either side fails. The second variant's
        rows are held in memory.
        """
        others = {(row.record_id, row.repeat): row for row in second}
        return Judgements(self.judge(_paired(first, others, a, b)))

    def _groups(self, pairs: Iterable[Pair], waiting: deque[Pair]) -> Iterator[Group]:
        for pair in pairs:
            waiting.append(pair)
            if pair.error is not None:
                yield QuireError(pair.error)
                continue
            try:
                yield self._both(pair)
            except QuireError as error:
                yield error

    def _both(self, pair: Pair) -> list[Call]:
        inputs, first, second = as_text(pair.inputs), as_text(pair.first), as_text(pair.second)
        orders = ((first, second), (second, first))
        return [self._order({"inputs": inputs, "first": one, "second": other}) for one, other in orders]

    def _order(self, values: Mapping[str, str]) -> Call:
        return self._planner.call(0, {name: values[name] for name in self._names})

    def _judgement(self, pair: Pair, said: Said | QuireError | None) -> Judgement:
        known = {"a": pair.a, "b": pair.b, "record_id": pair.record_id}
        try:
            if not isinstance(said, list):
                raise said or QuireError("There is no pair to judge.")
            outcome, consistent, rationale = self._outcome(said)
        except QuireError as error:
            return Judgement(**known, error=error.message)  # type: ignore[arg-type]
        return Judgement(**known, outcome=outcome, consistent=consistent, rationale=rationale)

    def _outcome(self, said: Said) -> tuple[float, bool, str]:
        """What the replies in both orders say of a. Raises QuireError where one is missing or cannot be read."""
        found, reasons = [], []
        for reply, meaning in zip(said, _OUTCOMES, strict=True):
            if isinstance(reply, QuireError):
                raise reply
            verdict = read_verdict(reply, self.spec.result)
            found.append(meaning[verdict.value])
            reasons.append(redact(verdict.rationale))
        if found[0] == found[1]:
            return found[0], True, reasons[0]
        return 0.5, False, f"In order: {reasons[0]} In the other order: {reasons[1]}"

    # -- as a scorer ---------------------------------------------------------------------------------

    def calls(self, judged: Judged) -> list[Call]:
        """The answer against the expected one, in both orders."""
        if judged.outputs is None:
            raise InvalidInput("There is no answer to judge.")
        return self._both(Pair(inputs=judged.inputs, first=judged.outputs, second=expected(judged.expectations)))

    def read(self, said: Said) -> list[Score]:
        """1 where the answer is better, 0 where the expected one is."""
        outcome, consistent, rationale = self._outcome(said)
        metadata = {"consistent": "yes" if consistent else "no"}
        return [Score(name=self.name, value=outcome, rationale=rationale, metadata=metadata)]


def _paired(first: Iterable[ScoredRow], others: Mapping[tuple[str, int], ScoredRow], a: str, b: str) -> Iterator[Pair]:
    for row in first:
        other = others.get((row.record_id, row.repeat))
        if other is not None:
            faults = [f"{who} has no answer: {one.error}" for who, one in ((a, row), (b, other)) if one.error]
            yield Pair(
                first=row.outputs,
                second=other.outputs,
                inputs=row.inputs,
                a=a,
                b=b,
                record_id=row.record_id,
                error=faults[0] if faults else None,
            )


def pairwise(
    criterion: str = "Which answer serves the one who asked better: it is right, complete and to the point.",
    model: str | None = None,
    *,
    name: str = "pairwise",
    inference_params: Mapping[str, Any] | None = None,
    options: CallerOptions | None = None,
) -> Pairwise:
    """A judge of which of two answers is better by a criterion; each pair is asked about in both orders."""
    text = (
        escape(f"Decide which of two answers is better, or that neither is.\n\n{criterion}\n\n")
        + "The order and the length of the answers mean nothing.\n\n<request>\n{inputs}\n</request>\n\n"
        "<first>\n{first}\n</first>\n\n<second>\n{second}\n</second>"
    )
    spec = JudgeSpec(name=name, form="pairwise", result={"enum": list(_CHOICES)}, description=criterion)
    made = judge_of(spec, text, model, inference_params, options=options, kind=Pairwise)
    assert isinstance(made, Pairwise)
    return made
