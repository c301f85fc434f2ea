"""Embedding similarity: how near the meanings of an answer and of what was expected are."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from quire.domain.calls import Failure
from quire.domain.errors import InvalidInput, QuireError
from quire.domain.scores import Score, ScoredRow
from quire.scorers.base import Scorer
from quire.scorers.reading import EXPECTED, accepted, answer_text
from quire.scorers.scoring import failed
from quire.scorers.spend import Spend

if TYPE_CHECKING:
    from quire.caller import CallerOptions

_ROWS = 512
"""Rows whose texts are asked for together."""
_KEPT = 50_000
"""Vectors that are kept at most: at 1,536 numbers each, as float32, some 300 MB."""

Vector = Any
"""A one-dimensional array of float32, of length 1."""


class _Vectors:
    """The vectors of texts, kept, and what they cost."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Vector | str] = OrderedDict()
        self._lock = threading.Lock()
        self.spent = Spend()

    def get(self, text: str) -> Vector:
        """The vector of a text that was fetched. Raises QuireError with the reason where it could not be."""
        found = self._known.get(text, "It was not asked for.")
        if isinstance(found, str):
            raise QuireError(f"The text {text[:60]!r} could not be embedded: {found}")
        return found

    def fetch(self, texts: Iterable[str], model: str, options: CallerOptions | None) -> None:
        """Ask for the vectors that are not known yet; those that failed before are asked for again."""
        wanted = list(dict.fromkeys(texts))
        with self._lock:
            lacking = [text for text in wanted if isinstance(self._known.get(text, ""), str)]
            if lacking:
                self._ask(lacking, model, options)
            self._forget(len(wanted))

    def _forget(self, needed: int) -> None:
        while len(self._known) > max(_KEPT, needed):
            self._known.popitem(last=False)

    def _ask(self, texts: list[str], model: str, options: CallerOptions | None) -> None:
        from quire.caller import Caller, Report, ServiceSettings
        from quire.domain.outputs import UnreadableAnswer, read_outputs
        from quire.domain.package import make_package

        settings = ServiceSettings.from_environment()
        planner = make_package(model, "embeddings", {}).planner(
            None, on_unknown="raise", default_batch_size=settings.default_batch_size
        )
        report = Report()
        asked = [text or " " for text in texts]  # the service refuses the empty text
        for outcome in Caller(settings, options).iterate(planner.plan(asked), ordered=False, report=report):
            try:
                said = outcome.message if isinstance(outcome, Failure) else read_outputs(outcome)
            except UnreadableAnswer as error:
                said = error.message
            for place, row in enumerate(outcome.call.rows):
                self._known[texts[row]] = said if isinstance(said, str) else _unit(said[place])
        usage = report.usage
        self.spent += Spend(
            questions=report.rows,
            failed=report.failed,
            requests=report.requests,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=report.cost_usd,
        )


@dataclass(frozen=True)
class EmbeddingSimilarity(Scorer):
    """Cosine of the embeddings of the answer and of the expected text (the nearest of a list), from -1 to 1. A number.

    ``model`` is an embeddings model of the service that the environment names. Accepts text outputs. Each text is
    asked for once by one scorer, many in a request, and its vector kept in memory; ``spent`` is what that cost. A text
    that could not be embedded makes an error of its rows.
    """

    model: str = "text-embedding-3-small"
    _: KW_ONLY
    field: str = EXPECTED
    name: str = "embedding_similarity"
    options: CallerOptions | None = None
    kind = "number"
    _vectors: _Vectors = dataclasses.field(default_factory=_Vectors, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not str(self.model or "").strip():
            raise InvalidInput(f"model is {self.model!r}; expected the name of an embeddings model.")

    def parameters(self) -> dict[str, Any]:
        """The model, the expectation and the name."""
        return {"model": self.model, "field": self.field, "name": self.name}

    @property
    def spent(self) -> Spend:
        """What the embeddings have cost so far."""
        return self._vectors.spent

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> float:
        """The cosine with the nearest expected text. Raises QuireError where a text cannot be embedded."""
        texts = [answer_text(outputs), *accepted(expectations, self.field)]
        self._vectors.fetch(texts, self.model, self.options)
        return self._cosine(texts)

    def score_batch(self, rows: Iterable[ScoredRow]) -> Iterator[list[Score]]:
        """The scores of many rows, their texts embedded together."""
        stream = iter(rows)
        while chunk := list(islice(stream, _ROWS)):
            texts = [self._texts(row) for row in chunk]
            self._vectors.fetch(
                [text for one in texts if isinstance(one, list) for text in one], self.model, self.options
            )
            for one in texts:
                yield [self._score(one)]

    def _texts(self, row: ScoredRow) -> list[str] | QuireError | None:
        if row.error is not None:
            return None
        try:
            return [answer_text(row.outputs), *accepted(row.expectations, self.field)]
        except QuireError as error:
            return error

    def _score(self, texts: list[str] | QuireError | None) -> Score:
        if texts is None:
            return Score(name=self.name)
        try:
            return (
                Score(name=self.name, value=self._cosine(texts))
                if isinstance(texts, list)
                else failed(self.name, texts)
            )
        except QuireError as error:
            return failed(self.name, error)

    def _cosine(self, texts: Sequence[str]) -> float:
        given, *right = [self._vectors.get(text) for text in texts]
        return max(float(given @ one) for one in right)


def _unit(numbers: Any) -> Vector:
    """A vector of length 1; one without a direction stays nothing."""
    import numpy

    vector = numpy.asarray(numbers, dtype=numpy.float32)
    length = math.sqrt(float(vector @ vector))
    return vector / numpy.float32(length) if length else vector
