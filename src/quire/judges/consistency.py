"""Self-consistency: a judge is asked several times, and its majority or mean is kept with how far it spread."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Literal

import msgspec

from quire.domain.calls import Call
from quire.domain.errors import InvalidInput, QuireError
from quire.domain.redaction import redact
from quire.domain.scores import Score
from quire.judges.asking import Said
from quire.judges.judge import Judge, JudgeSpec
from quire.judges.questions import Judged
from quire.judges.results import Verdict, read_verdict
from quire.scorers.scoring import read_value


class SelfConsistency(Judge):
    """A judge that asks ``samples`` times about each answer, with seeds in a row, and combines what is said.

    ``majority`` takes the result said most often; where two were said as often there is none, and the score is
    missing. ``mean`` takes the mean of numbers (of True and False, the share of True). Replies that cannot be read are
    left out; unless more than half can be, the row gets an error. The score's metadata hold ``values``, ``failed``,
    and ``spread``: the standard deviation of numbers (over n), the share outside the majority of others.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        spec = self.spec
        if type(spec.samples) is not int or spec.samples < 2:
            raise InvalidInput(f"n is {spec.samples!r}; expected a whole number of at least 2.")
        if spec.combine not in ("majority", "mean"):
            raise InvalidInput(f"combine is {spec.combine!r}; expected 'majority' or 'mean'.")
        if self.kind is None or (spec.combine == "mean" and self.kind == "text"):
            raise InvalidInput(f"The results of {self.name!r} are no numbers to take the {spec.combine} of.")
        self._each = self.kind
        if spec.combine == "mean":
            self.kind = "number"

    def calls(self, judged: Judged) -> list[Call]:
        """The same question, each time with another seed."""
        (call,) = super().calls(judged)
        seeds = range(self.spec.seed, self.spec.seed + self.spec.samples)
        return [msgspec.structs.replace(call, body={**call.body, "seed": seed}) for seed in seeds]

    def read(self, said: Said) -> list[Score]:
        """What the replies come to together. Raises QuireError where too few can be read."""
        verdicts: list[Verdict] = []
        faults: list[str] = []
        for reply in said:
            try:
                if isinstance(reply, QuireError):
                    raise reply
                verdict = read_verdict(reply, self.spec.result)
                verdicts.append(Verdict(read_value(self._each, verdict.value), verdict.rationale))
            except QuireError as error:
                faults.append(error.message)
        if len(verdicts) * 2 <= len(said):
            raise QuireError(f"{len(faults)} of {len(said)} replies could not be read; the first: {faults[0]}")
        return [self._mean(verdicts, len(faults)) if self.spec.combine == "mean" else self._most(verdicts, len(faults))]

    def _mean(self, verdicts: list[Verdict], failed: int) -> Score:
        numbers = [float(verdict.value) for verdict in verdicts if verdict.value is not None]
        if not numbers:
            return self._score(None, "", verdicts, 0.0, failed)
        mean = math.fsum(numbers) / len(numbers)
        spread = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))
        nearest = min((one for one in verdicts if one.value is not None), key=lambda one: abs(float(one.value) - mean))
        return self._score(mean, nearest.rationale, verdicts, spread, failed)

    def _most(self, verdicts: list[Verdict], failed: int) -> Score:
        counts = Counter(verdict.value for verdict in verdicts)
        (value, count), *others = counts.most_common()
        spread = 1 - count / len(verdicts)
        if others and others[0][1] == count:
            said = ", ".join(f"{one!r} ({times})" for one, times in counts.most_common())
            return self._score(None, f"No majority: {said}.", verdicts, spread, failed)
        rationale = next(one.rationale for one in verdicts if one.value == value)
        return self._score(value, rationale, verdicts, spread, failed)

    def _score(self, value: Any, rationale: str, verdicts: list[Verdict], spread: float, failed: int) -> Score:
        values = msgspec.json.encode([verdict.value for verdict in verdicts]).decode()
        return Score(
            name=self.name,
            value=value,
            rationale=redact(rationale),
            metadata={"values": redact(values), "spread": f"{spread:.6g}", "failed": str(failed)},
        )


def self_consistency(
    judge: Judge, n: int = 5, combine: Literal["majority", "mean"] | None = None, *, seed: int = 0
) -> SelfConsistency:
    """The judge, asked ``n`` times about each answer: see :class:`SelfConsistency`.

    ``combine`` is by default the mean of numbers and the majority of all else. Give the judge a temperature above 0
    (``inference_params``), or the n replies may be the same. Raises InvalidInput for a judge of pairs or of mappings.
    """
    if judge.spec.form != "judge":
        raise InvalidInput(
            f"The judge {judge.name!r} is a {judge.spec.form} one; self-consistency takes a plain judge."
        )
    chosen = combine or ("mean" if judge.kind == "number" else "majority")
    spec: JudgeSpec = msgspec.structs.replace(judge.spec, form="consistency", samples=n, combine=chosen, seed=seed)
    return SelfConsistency(judge.package, spec, options=judge.options)
