"""How far the scores of an evaluation agree with what people said of the same answers: the judge against people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.scores import ScoredRow, ScoreValue
from quire.evaluate.comparable import GOOD_FROM, Basis, Label, Reading, reading_of, scale_of
from quire.evaluate.people import Answer, People
from quire.evaluate.rating import RATING
from quire.evaluate.table import Column
from quire.stats.results import Alpha, Kappa

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation

ENOUGH = 0.1
"""The half of an interval of kappa that is narrow enough to go by."""
_MOST_LABELS = 12
OTHER = "(other)"
RowOf = Callable[[Answer], ScoredRow | None]


class VariantShare(msgspec.Struct, frozen=True):
    """Of how many of a variant's ``n`` answers a score says what people say."""

    variant: str
    n: int
    alike: int


class PersonAgreement(msgspec.Struct, frozen=True):
    """One person against a score, on the answers that this person judged."""

    person: str
    kappa: Kappa


class ScorerAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far a score agrees with people's answers to a question.

    ``kappa`` (quadratically weighted where ``basis`` is ``scale``) and the share alike are over the answers that people
    judged and that have a score; where several people judged one, it counts what most of them say, or the median of
    their grades. ``split`` answers have no majority, ``unscored`` no score, and are left out. Answers to one record,
    and records of one group, are taken to go together. ``table`` counts by people's label (rows) and the score's.
    """

    scorer: str
    question: str
    basis: Basis
    note: str
    kappa: Kappa
    split: int
    unscored: int
    labels: list[str]
    table: list[list[int]]
    disagreements: list[Answer]
    by_variant: list[VariantShare]
    by_person: list[PersonAgreement]

    @property
    def more(self) -> int | None:
        """About how many more judged answers would bring kappa's interval to ± 0.1; None if it is there already."""
        half = (self.kappa.high - self.kappa.low) / 2
        if math.isnan(half) or half <= ENOUGH:
            return None
        wanted = self.kappa.n * (half / ENOUGH) ** 2 - self.kappa.n
        step = 10 ** max(0, math.floor(math.log10(wanted)) - 1) if wanted >= 1 else 1
        return max(1, math.ceil(wanted / step) * step)

    def __str__(self) -> str:
        k = self.kappa
        alike = f"{k.agreement:.0%} alike ({k.agreement_low:.0%} to {k.agreement_high:.0%})"
        answers = f"{k.n} {'answer' if k.n == 1 else 'answers'}"
        if math.isnan(k.value):
            return f"{self.scorer} and people ({self.question}): {alike}, {answers}; all have one label, so no kappa"
        name = "weighted kappa" if self.basis == "scale" else "kappa"
        return (
            f"{self.scorer} and people ({self.question}): {name} {k.value:.2f} ({k.low:.2f} to {k.high:.2f}), "
            f"{alike}, {answers}"
        )


class QuestionAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """What people were asked, how many ``answers`` they judged, each of them how many, and the scores beside it.

    ``among`` is how far people agree among themselves, where several judged the same answers: no score can be expected
    to agree with them much better. ``incomparable`` are scores that say something else.
    """

    question: str
    answers: int
    people: dict[str, int]
    scorers: list[ScorerAgreement]
    among: Alpha | None
    incomparable: list[str]


class HumanAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of an evaluation against people: by question, ``rating`` being what is asked on the evaluation's page.

    Of ``answers``, ``judged`` were judged.
    """

    answers: int
    judged: int
    questions: list[QuestionAgreement]
    confidence: float
    good_from: int

    @property
    def scorers(self) -> list[ScorerAgreement]:
        """All of them, question by question."""
        return [one for question in self.questions for one in question.scorers]

    def __getitem__(self, scorer: str) -> ScorerAgreement:
        """The agreement of a score, with the first question that it is compared with. Raises NotFound."""
        for one in self.scorers:
            if one.scorer == scorer:
                return one
        known = ", ".join(dict.fromkeys(one.scorer for one in self.scorers)) or "none"
        raise NotFound(f"No judgement of people is compared with a score {scorer!r}; compared are {known}.")

    def __str__(self) -> str:
        lines = [f"people judged {self.judged} of {self.answers} answers"]
        for question in self.questions:
            lines += [str(one) for one in question.scorers]
            if question.among is not None:
                a = question.among
                alpha = f"alpha {a.value:.2f} ({a.low:.2f} to {a.high:.2f}), {a.n} answers"
                lines.append(f"people among themselves ({question.question}): {alpha}")
        return "\n".join(lines)


def agreement_with_people(
    evaluation: Evaluation,
    people: People,
    row_of: RowOf,
    *,
    question: str | None = None,
    scorers: Sequence[str] | None = None,
    good_from: int = GOOD_FROM,
    confidence: float = 0.95,
) -> HumanAgreement:
    """Each score against what people said of the same answers, question by question; of some of them, if named."""
    check_good_from(good_from)
    asked = people.questions
    names = list(scorers) if scorers is not None else evaluation.score_names
    for name in names:
        _columns(evaluation, name)
    if question is not None and question not in asked:
        known = ", ".join(sorted(asked)) or "nothing"
        raise NotFound(f"People were not asked {question!r} of these answers; they were asked {known}.")
    chosen = sorted(asked, key=lambda name: (name != RATING, name)) if question is None else [question]
    rows = {answer: row_of(answer) for name in chosen for answer in asked[name]}
    return HumanAgreement(
        answers=people.answers,
        judged=len({answer for name in chosen for answer in asked[name]}),
        questions=[_Asked(evaluation, people, rows, name, good_from).agreement(names, confidence) for name in chosen],
        confidence=confidence,
        good_from=good_from,
    )


def check_good_from(good_from: int) -> None:
    """Raise InvalidInput for a grade that splits no rating into good and bad."""
    if good_from not in (2, 3, 4, 5):
        raise InvalidInput(f"good_from is {good_from!r}; expected 2 to 5: the lowest rating that counts as good.")


def contradicted(
    evaluation: Evaluation, people: People, row_of: RowOf, *, question: str | None, scorer: str | None, good_from: int
) -> set[Answer]:
    """The answers of which a score (any, if none is named) says something else than people do."""
    check_good_from(good_from)
    found: set[Answer] = set()
    names = evaluation.score_names if scorer is None else [scorer]
    for name_of_question, answers in people.questions.items():
        if question in (None, name_of_question):
            asked = _Asked(evaluation, people, {one: row_of(one) for one in answers}, name_of_question, good_from)
            for name in names:
                pairs = asked.pairs(name)
                if pairs is not None:
                    found.update(pairs.apart)
    return found


class _Pairs:
    """People's labels and a score's, of the answers that have both."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.answers: list[Answer] = []
        self.theirs: list[Label] = []
        self.scores: list[Label] = []
        self.split = self.unscored = 0

    @property
    def apart(self) -> list[Answer]:
        """The answers on which they differ."""
        both = zip(self.answers, self.theirs, self.scores, strict=True)
        return [answer for answer, said, score in both if said != score]


def _columns(evaluation: Evaluation, scorer: str) -> list[Column]:
    tables = [evaluation.table(name) for name in evaluation.variants]
    found = [table.columns[scorer] for table in tables if scorer in table.columns]
    if not found:
        known = ", ".join(evaluation.score_names) or "none"
        raise NotFound(
            f"The evaluation {evaluation.run_id} has no score {scorer!r} to compare with people; it has {known}."
        )
    return found


class _Asked:
    """A question that people were asked of some answers, and the evaluation's rows of these."""

    def __init__(
        self,
        evaluation: Evaluation,
        people: People,
        rows: dict[Answer, ScoredRow | None],
        question: str,
        good_from: int,
    ) -> None:
        self._evaluation, self._people, self._rows = evaluation, people, rows
        self._question, self._good_from = question, good_from
        self._answers = people.questions[question]

    def pairs(self, scorer: str) -> _Pairs | None:
        """What people and a score said of the same answers; None if they do not say the same kind of thing."""
        reading = self._reading(scorer)
        if reading is None:
            return None
        pairs = _Pairs(reading)
        for answer in self._answers:
            said = list(self._people.said[answer][self._question].values())
            if all(reading.person(value) is None for value in said):
                continue
            score = self._score(answer, scorer, reading)
            together = reading.consensus(said)
            if score is None:
                pairs.unscored += 1
            elif together is None:
                pairs.split += 1
            else:
                pairs.answers.append(answer)
                pairs.theirs.append(together)
                pairs.scores.append(score)
        return pairs

    def agreement(self, names: Sequence[str], confidence: float) -> QuestionAgreement:
        """The scores of these names against people."""
        scorers, incomparable = [], []
        for name in names:
            pairs = self.pairs(name)
            if pairs is None:
                incomparable.append(name)
            elif pairs.answers:
                scorers.append(self._against(name, pairs, confidence))
        said = [self._people.said[answer][self._question] for answer in self._answers]
        return QuestionAgreement(
            question=self._question,
            answers=len(self._answers),
            people=dict(Counter(person for one in said for person in one).most_common()),
            scorers=scorers,
            among=_among(self._question, said, self._good_from, confidence),
            incomparable=incomparable,
        )

    def _reading(self, scorer: str) -> Reading | None:
        """How a score is compared with what people say; a question that bears a score's name is about that alone."""
        if self._question in self._evaluation.score_names and self._question != scorer:
            return None
        values = (value for one in self._answers for value in self._people.said[one][self._question].values())
        said = {(type(value), value): value for value in values}
        scale = scale_of(_columns(self._evaluation, scorer))
        return reading_of(self._question, list(said.values()), scale, self._good_from)

    def _score(self, answer: Answer, scorer: str, reading: Reading) -> Label | None:
        value = _score(self._rows[answer], scorer)
        return None if value is None else reading.scorer(value)

    def _against(self, scorer: str, pairs: _Pairs, confidence: float) -> ScorerAgreement:
        labels, table = _table(pairs)
        apart = pairs.apart
        missed, counted = Counter(one.variant for one in apart), Counter(one.variant for one in pairs.answers)
        return ScorerAgreement(
            scorer=scorer,
            question=self._question,
            basis=pairs.reading.basis,
            note=pairs.reading.note,
            kappa=_kappa(self._evaluation, pairs.reading, pairs.answers, pairs.theirs, pairs.scores, confidence),
            split=pairs.split,
            unscored=pairs.unscored,
            labels=labels,
            table=table,
            disagreements=apart,
            by_variant=[
                VariantShare(name, counted[name], counted[name] - missed[name])
                for name in self._evaluation.variants
                if counted[name]
            ],
            by_person=self._by_person(scorer, pairs.reading, confidence),
        )

    def _by_person(self, scorer: str, reading: Reading, confidence: float) -> list[PersonAgreement]:
        """Each person by themselves; nothing where there is one alone."""
        both: dict[str, list[tuple[Answer, Label, Label]]] = {}
        for answer in self._answers:
            score = self._score(answer, scorer, reading)
            for person, word in self._people.said[answer][self._question].items():
                label = reading.person(word)
                if score is not None and label is not None:
                    both.setdefault(person, []).append((answer, label, score))
        if len(both) < 2:
            return []
        return [
            PersonAgreement(person, _kappa(self._evaluation, reading, *_columns_of(found), confidence))
            for person, found in sorted(both.items(), key=lambda item: -len(item[1]))
        ]


def _score(row: ScoredRow | None, scorer: str) -> ScoreValue | None:
    found = None if row is None else next((one for one in row.scores if one.name == scorer), None)
    value = None if found is None else found.value
    return None if isinstance(value, float) and math.isnan(value) else value


def _kappa(
    evaluation: Evaluation,
    reading: Reading,
    answers: Sequence[Answer],
    first: Sequence[Label],
    second: Sequence[Label],
    confidence: float,
) -> Kappa:
    """Answers to one record, or to records of one group, are not independent of each other."""
    from quire.stats import cohen_kappa

    ids, groups = evaluation.record_ids, evaluation.groups
    clusters = [groups[one.index] or ids[one.index] for one in answers]
    alone = len(set(clusters)) == len(clusters)
    weights: Any = "quadratic" if reading.basis == "scale" else None
    if not alone and len(set(clusters)) == 1:
        found = cohen_kappa(first, second, confidence=confidence, weights=weights)
        unknown = {"low": -1.0, "high": 1.0, "standard_error": math.nan, "agreement_low": 0.0, "agreement_high": 1.0}
        return msgspec.structs.replace(found, **unknown)
    return cohen_kappa(first, second, confidence=confidence, weights=weights, clusters=None if alone else clusters)


def _table(pairs: _Pairs) -> tuple[list[str], list[list[int]]]:
    """How often people said one thing and the score another; rare words are counted together."""
    counts = Counter([*pairs.theirs, *pairs.scores])
    basis = pairs.reading.basis
    found: list[Label] = [False, True] if basis == "binary" else list(counts)
    if basis == "scale":
        found = sorted(counts, key=float)
    elif basis == "words":
        found = [label for label, _count in counts.most_common(_MOST_LABELS)]
    places = {label: place for place, label in enumerate(found)}
    labels = [pairs.reading.word(label) for label in found]
    if len(counts) > len(found):
        labels.append(OTHER)
    table = [[0] * len(labels) for _ in labels]
    last = len(labels) - 1
    for said, score in zip(pairs.theirs, pairs.scores, strict=True):
        table[places.get(said, last)][places.get(score, last)] += 1
    return labels, table


def _columns_of(found: Iterable[tuple[Answer, Label, Label]]) -> tuple[list[Answer], list[Label], list[Label]]:
    answers, first, second = zip(*found, strict=True)
    return list(answers), list(first), list(second)


def _among(asked: str, said: Sequence[dict[str, ScoreValue]], good_from: int, confidence: float) -> Alpha | None:
    """How far people agree among themselves; None where no answer was judged by two."""
    from quire.stats import krippendorff_alpha

    several = [list(one.values()) for one in said if len(one) > 1]
    if not several:
        return None
    kinds = {type(value) for one in several for value in one}
    if kinds <= {int, float}:
        return krippendorff_alpha(several, level="interval", confidence=confidence)
    if asked == RATING:
        marks = [[value if isinstance(value, bool | str) else value >= good_from for value in one] for one in several]
        return krippendorff_alpha(marks, confidence=confidence)
    return krippendorff_alpha(several, confidence=confidence)
