"""A judge: a scorer that asks a model, which is a packaged model itself."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from quire.domain.calls import Call
from quire.domain.errors import InvalidInput, QuireError
from quire.domain.package import Package, Planner
from quire.domain.redaction import redact
from quire.domain.scores import Score, ScoredRow
from quire.judges.asking import Account, Group, Said, ask
from quire.judges.questions import VARIABLES, Judged, shown_values
from quire.judges.results import kind_of, read_verdict
from quire.scorers.base import Scorer, digest
from quire.scorers.scoring import failed, read_scores
from quire.scorers.spend import Spend

if TYPE_CHECKING:
    from quire.caller import CallerOptions
    from quire.caller.journal import Kept
    from quire.judges.agreement import Agreement
    from quire.models.info import ModelInfo

METADATA = "quire.judge"
"""The key of a packaged model's metadata that holds what a judge is besides its model."""


class JudgeSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a judge is besides its model: plain data, kept in the packaged model's metadata.

    ``result`` is the JSON schema of what it says; ``form`` says how its answers are used: ``judge``, ``pairwise`` or
    ``consistency``, which asks ``samples`` times, from ``seed`` on, and takes the ``combine`` of them.
    """

    name: str
    result: dict[str, Any]
    form: str = "judge"
    description: str = ""
    higher_is_better: bool = True
    samples: int = 1
    combine: Literal["majority", "mean"] = "majority"
    seed: int = 0


class Judge(Scorer):
    """A scorer that asks a model about each answer: a template, a schema of the reply, a name.

    Accepts what its template names (:data:`quire.judges.questions.VARIABLES`). A reply that is not the JSON that was
    asked for is an error of that row and never guessed at; so is a refusal, and a request that failed for good.
    ``score_batch`` asks about all rows in one stream; ``spent`` is what that has cost so far, apart from the answers
    judged. ``version`` names the packaged model that it was loaded from. ``kept`` may be set to a journal or cache of
    :mod:`quire.caller`, so that no question is paid for twice.

    Raises InvalidInput, when made, for a template that names what there is not.
    """

    def __init__(
        self, package: Package, spec: JudgeSpec, *, options: CallerOptions | None = None, version: str | None = None
    ) -> None:
        unknown = sorted(package.variables - self.variables())
        if unknown:
            raise InvalidInput(
                f"The judge {spec.name!r} names {unknown[0]!r} in its template; expected some of "
                f"{', '.join(sorted(self.variables()))}."
            )
        self.package = package
        self.spec = spec
        self.name = spec.name
        self.kind = kind_of(spec.result)
        self.higher_is_better = spec.higher_is_better
        self.options = options
        self.version = version
        self.kept: Kept | None = None
        self._account = Account()

    @classmethod
    def variables(cls) -> frozenset[str]:
        """What the template may name."""
        return frozenset(VARIABLES)

    @property
    def description(self) -> str:
        """What it judges, for people."""
        return self.spec.description

    @property
    def model(self) -> str:
        """The name of the model that it asks."""
        return self.package.model

    @property
    def spent(self) -> Spend:
        """What its questions have cost so far."""
        return self._account.spent

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of the packaged model and of what it is besides: another template or model is another judge."""
        return digest(["judge", self.revision, self.package.saved(), msgspec.to_builtins(self.spec)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} asking {self.model!r}>"

    # -- judging -----------------------------------------------------------------------------------

    def __call__(
        self,
        *,
        inputs: Any = None,
        outputs: Any = None,
        expectations: Mapping[str, Any] | None = None,
        trace: Any = None,
    ) -> list[Score]:
        """The scores of one answer."""
        judged = Judged(inputs=inputs, outputs=outputs, expectations=expectations, trace=trace)
        (scores,) = self._judge([judged])
        return scores

    def score_batch(self, rows: Iterable[ScoredRow]) -> Iterator[list[Score]]:
        """The scores of each row in order, as they come; rows are read a bounded number ahead."""
        return self._judge(None if row.error is not None else _judged(row) for row in rows)

    def _judge(self, many: Iterable[Judged | None]) -> Iterator[list[Score]]:
        groups = (None if judged is None else self.group(judged) for judged in many)
        for said in ask(groups, self._account, self.options, self.kept):
            yield self.scores(said)

    def group(self, judged: Judged) -> Group:
        """The calls that ask about one answer, or why it cannot be asked about."""
        try:
            return self.calls(judged)
        except QuireError as error:
            return error

    def calls(self, judged: Judged) -> list[Call]:
        """The calls that ask about one answer. Raises QuireError."""
        return [self._planner.call(0, shown_values(self._names, judged))]

    def scores(self, said: Said | QuireError | None) -> list[Score]:
        """What the replies about one answer come to."""
        if said is None:
            return [Score(name=self.name)]
        try:
            if isinstance(said, QuireError):
                raise said
            return self.read(said)
        except QuireError as error:
            return [failed(self.name, error)]

    def read(self, said: Said) -> list[Score]:
        """The scores in the replies about one answer. Raises QuireError for a reply that is none."""
        (reply,) = said
        if isinstance(reply, QuireError):
            raise reply
        verdict = read_verdict(reply, self.spec.result)
        rationale = redact(verdict.rationale)
        return [
            msgspec.structs.replace(one, rationale=rationale)
            for one in read_scores(self.name, self.kind, verdict.value)
        ]

    @functools.cached_property
    def _planner(self) -> Planner:
        return self.package.planner()

    @functools.cached_property
    def _names(self) -> frozenset[str]:
        return self.package.variables

    # -- as a packaged model -----------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Save it as a packaged model, which :func:`quire.judges.load_judge` reads; data only."""
        from quire.openai import save_model

        save_model(path=path, **self._saved())

    def log(self, name: str | None = None, registered_model_name: str | None = None) -> ModelInfo:
        """Log it as a packaged model, and register it where a name is given; it then bears that version."""
        from quire.openai import log_model

        info = log_model(name=name or self.name, registered_model_name=registered_model_name, **self._saved())
        number = info.registered_model_version
        self.version = f"models:/{registered_model_name}/{number}" if number else info.model_uri
        return info

    def _saved(self) -> dict[str, Any]:
        package = self.package
        return {
            "model": package.model,
            "task": package.task,
            "signature": package.signature,
            "metadata": {METADATA: msgspec.to_builtins(self.spec)},
            **package.template,
            **package.fixed,
        }

    def agreement(self, labels: Iterable[Any], *, confidence: float = 0.95) -> Agreement:
        """How far it agrees with people's labels: see :func:`quire.judges.agreement.agreement_with`."""
        from quire.judges.agreement import agreement_with

        return agreement_with(self, labels, confidence=confidence)

    def record(self, agreement: Agreement) -> None:
        """Note how far it agrees with people, as tags of its registered version, where its page shows them.

        Raises InvalidInput for a judge that was not loaded from a version, or registered, first.
        """
        from quire.registry import resolve_model_uri, set_model_version_tag

        place = resolve_model_uri(self.version) if self.version else None
        if place is None or place.name is None or place.version is None:
            raise InvalidInput(
                f"The judge {self.name!r} is no registered version; log it with registered_model_name=…."
            )
        for key, value in agreement.tags().items():
            set_model_version_tag(place.name, str(place.version), key, value)


def _judged(row: ScoredRow) -> Judged:
    return Judged(inputs=row.inputs, outputs=row.outputs, expectations=row.expectations, trace=row.trace_id)
