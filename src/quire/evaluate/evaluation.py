"""The results of an evaluation: rows, scores, aggregates; comparing and reporting them."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.scores import ScoredRow
from quire.evaluate.comparison import Comparison, compare_tables
from quire.evaluate.options import read_names
from quire.evaluate.ranking import Ranking, rank
from quire.evaluate.runs import DatasetInfo, Settings, read_settings
from quire.evaluate.spool import ROWS_FILE, read_rows
from quire.evaluate.table import Records, ScorerInfo, VariantTable
from quire.tracking.client import Client

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console, ConsoleOptions, RenderResult

    from quire.artifacts import ArtifactStore
    from quire.evaluate.agreeing import HumanAgreement
    from quire.evaluate.variants import Described

log = logging.getLogger("quire")


class Costs(msgspec.Struct, frozen=True):
    """What an evaluation paid in US dollars; answers that were there already cost nothing."""

    answers_usd: float
    scorers_usd: dict[str, float]

    @property
    def total_usd(self) -> float:
        """All of it: what ``max_cost_usd`` limits."""
        return self.answers_usd + sum(self.scorers_usd.values())


class Evaluation:
    """An evaluation that has ended: one run, with a child run for each variant.

    ``run_id`` is the parent's; ``run_ids`` name those of the variants. It prints as a table.
    """

    def __init__(
        self,
        run_id: str,
        name: str,
        client: Client,
        settings: Settings,
        records: Records,
        tables: Mapping[str, VariantTable],
    ) -> None:
        self.run_id = run_id
        self.name = name
        self.settings = settings
        self._client = client
        self._records = records
        self._tables = dict(tables)

    @property
    def client(self) -> Client:
        """What reads its runs."""
        return self._client

    @property
    def variants(self) -> list[str]:
        """The names of the variants, in their order."""
        return list(self._tables)

    @property
    def described(self) -> dict[str, Described]:
        """What each variant is: kind, source, model, registered version, prompt."""
        return {variant.name: variant for variant in self.settings.variants}

    @property
    def run_ids(self) -> dict[str, str]:
        """The run of each variant."""
        return dict(self.settings.run_ids)

    @property
    def dataset(self) -> DatasetInfo:
        """Name, digest and number of records of the data."""
        return self.settings.dataset

    @property
    def scorers(self) -> list[ScorerInfo]:
        """What scored: names, kinds, which way is up."""
        return list(self.settings.scorers)

    @property
    def repeats(self) -> int:
        """How often each record was answered by each variant."""
        return self.settings.repeats

    @property
    def record_ids(self) -> list[str]:
        """The ids of the records in their order; scores are in the same order."""
        return list(self._records.ids)

    @property
    def groups(self) -> list[str | None]:
        """The group of each record."""
        return list(self._records.groups)

    @property
    def score_names(self) -> list[str]:
        """The names of all scores, in the order of the scorers."""
        return list(dict.fromkeys(name for table in self._tables.values() for name in table.columns))

    @property
    def aggregates(self) -> dict[str, dict[str, float]]:
        """For each variant the metrics of its run: means, missing scores, sums of latency (s), tokens, US dollars."""
        return {name: table.aggregates() for name, table in self._tables.items()}

    @property
    def costs(self) -> Costs:
        """What the evaluation paid for: its answers, and apart from them the scorers that ask a service."""
        tables = list(self._tables.values())
        scorers: dict[str, float] = {}
        for table in tables:
            for name, usd in table.scorers_usd.items():
                scorers[name] = scorers.get(name, 0.0) + usd
        return Costs(sum(table.spent_usd for table in tables), scorers)

    def table(self, variant: str | None = None) -> VariantTable:
        """The numbers of a variant, for comparing it with one of another evaluation. NotFound lists the variants."""
        if variant is None and len(self._tables) == 1:
            return next(iter(self._tables.values()))
        if variant not in self._tables:
            known = ", ".join(map(repr, self._tables))
            raise NotFound(f"The evaluation {self.run_id} has no variant {variant!r}; it has {known}.")
        return self._tables[variant]

    def scores(self, variant: str | None = None, scorer: str | None = None) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The numbers of one score: records × repeats, NaN where there is none; True is 1.

        A variant or scorer may be left out where there is only one.
        """
        return self.table(variant).matrix(self._one_score(scorer))

    def _one_score(self, scorer: str | None) -> str:
        names = self.score_names
        if scorer is not None:
            return scorer
        if len(names) != 1:
            raise InvalidInput(f"The evaluation has the scores {names}; name one of them.")
        return names[0]

    def rows(self, variant: str | None = None) -> Iterator[ScoredRow]:
        """The rows of a variant, one by one in the order of the data, fetched from its run if need be."""
        name = self.table(variant).name
        store = self._files_of(name)
        here = store.local_path(ROWS_FILE)
        if here is not None:
            yield from read_rows(here)
            return
        with tempfile.TemporaryDirectory(prefix="quire-rows-") as folder:
            yield from read_rows(store.get(ROWS_FILE, Path(folder)))

    def fetch_rows(self, variant: str, folder: Path) -> Path:
        """The file of a variant's rows: where it lies on this machine, else fetched into ``folder``."""
        store = self._files_of(variant)
        return store.local_path(ROWS_FILE) or store.get(ROWS_FILE, folder)

    def _files_of(self, variant: str) -> ArtifactStore:
        return self._client.artifacts_at(self._client.get_run(self.settings.run_ids[variant]).info.artifact_uri)

    def compare(
        self,
        a: str | VariantTable | None = None,
        b: str | VariantTable | None = None,
        *,
        confidence: float = 0.95,
        scorers: Sequence[str] | None = None,
        primary: str | Sequence[str] | None = None,
        method: str = "auto",
        seed: int | None = None,
    ) -> Comparison:
        """``b`` against ``a``, record by record, on each score (or those of ``scorers``).

        ``primary`` names the scores that the verdict is made of, by default those that the evaluation was given as
        primary; their p-values are corrected for their number, the others' apart. An empty list: all count alike.
        Without names the second variant is compared with the first. A variant of another evaluation is given as
        ``other.table("name")``. Raises NotFound for a variant or score that there is not, InvalidInput if the two
        have no record in common.
        """
        first, second = self._pair(a, b)
        chosen = list(scorers) if scorers is not None else None
        return compare_tables(
            first,
            second,
            confidence=confidence,
            scorers=chosen,
            primary=self.primary_of(primary, chosen),
            method=method,
            seed=self._seed(seed),
        )

    def primary_of(self, given: str | Sequence[str] | None = None, among: Sequence[str] | None = None) -> list[str]:
        """The primary scores: those given, else the evaluation's own (of those that are ``among`` the compared)."""
        if given is not None:
            return read_names(given)
        return [name for name in self.settings.primary if among is None or name in among]

    def ranking(
        self,
        scorer: str | None = None,
        baseline: str | None = None,
        *,
        confidence: float = 0.95,
        method: str = "auto",
        seed: int | None = None,
    ) -> Ranking:
        """All variants by one score (the first by default), each compared with ``baseline`` (the first variant).

        P-values are corrected for their number (Holm).
        """
        name = scorer if scorer is not None else self._first_number()
        base = self.table(baseline if baseline is not None else self.variants[0])
        return rank(
            list(self._tables.values()), base, name, confidence=confidence, method=method, seed=self._seed(seed)
        )

    def agreement(
        self,
        question: str | None = None,
        *,
        scorers: Sequence[str] | None = None,
        good_from: int = 4,
        confidence: float = 0.95,
    ) -> HumanAgreement:
        """How far each score (or those of ``scorers``) agrees with what people say of the same answers by now.

        People's words are feedback (source ``HUMAN``) on the answers' traces: ratings given on the evaluation's page,
        which are the question ``rating``, and answers in review queues, by the name of their ``question``. Ratings of
        1 to 5 are compared with a score of right or wrong by taking ``good_from`` and more for good; with a score of
        the same scale by their distance (quadratic weights). Scores that say something else are left out.

        Raises NotFound for a score that there is not or a question that nobody answered, InvalidInput for ``good_from``
        outside of 2 to 5.
        """
        from quire.evaluate.agreeing import agreement_with_people
        from quire.evaluate.browsing import Browsed

        with contextlib.closing(Browsed(self)) as browsed:
            return agreement_with_people(
                self,
                browsed.read_people(),
                browsed.row_of,
                question=question,
                scorers=scorers,
                good_from=good_from,
                confidence=confidence,
            )

    def report(
        self,
        path: str | Path | None = None,
        a: str | None = None,
        b: str | None = None,
        *,
        confidence: float = 0.95,
        format: str | None = None,
        max_rows: int = 50,
        primary: str | Sequence[str] | None = None,
    ) -> str:
        """A report of ``b`` against ``a`` (of all variants against ``a`` when ``b`` is left out), written to ``path``.

        HTML in one file that needs no network, or Markdown for a pull request, as ``format`` (``"html"`` or
        ``"markdown"``) or the path's ending says. At most ``max_rows`` rows are shown, those first where the two
        differ most. ``primary`` is that of :meth:`compare`. Returns the text.
        """
        from quire.evaluate.report import write_report

        return write_report(self, path, a, b, confidence=confidence, format=format, max_rows=max_rows, primary=primary)

    def _pair(self, a: str | VariantTable | None, b: str | VariantTable | None) -> tuple[VariantTable, VariantTable]:
        names = self.variants
        if (a is None or b is None) and len(names) < 2:
            raise InvalidInput(
                f"The evaluation has one variant, {names[0]!r}, and a comparison needs two. Evaluate both together, or "
                "give one of another evaluation: compare(other.table('name'), 'name')."
            )
        first = a if isinstance(a, VariantTable) else self.table(a if a is not None else names[0])
        left = b if b is not None else next(name for name in names if name != first.name)
        return first, left if isinstance(left, VariantTable) else self.table(left)

    def _first_number(self) -> str:
        for name in self.score_names:
            if all(table.columns[name].kind != "text" for table in self._tables.values() if name in table.columns):
                return name
        raise InvalidInput("The evaluation has no score that is a number, so variants have no order.")

    def _seed(self, seed: int | None) -> int:
        return self.settings.seed if seed is None else seed

    def warn_of_silent_scorers(self) -> None:
        """Say in the log which scorers failed on every row that was answered: most often they lack a column."""
        for name in self.score_names:
            columns = [table.columns[name] for table in self._tables.values() if name in table.columns]
            if columns and not any(column.present for column in columns):
                why = next((column.first_error for column in columns if column.first_error), None)
                if why is not None:
                    log.warning("The scorer %r gave no score on any row; the first error: %s", name, why)

    def __repr__(self) -> str:
        return (
            f"Evaluation(run_id={self.run_id!r}, dataset={self.dataset.name!r}, records={len(self._records)}, "
            f"variants={self.variants}, scorers={[scorer.name for scorer in self.scorers]})"
        )

    def __str__(self) -> str:
        from quire.evaluate.printing import as_text

        return as_text(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from quire.evaluate.printing import evaluation_table

        yield evaluation_table(self)


def load_evaluation(run_id: str, *, client: Client | None = None) -> Evaluation:
    """A stored evaluation, by the id of its run or of a variant's run, from the client's store, or the current one.

    Its rows are read once, to have the numbers; raises NotFound for a run that is no evaluation.
    """
    client = client or Client()
    run, settings = read_settings(run_id, client)
    records = Records()
    infos = {scorer.name: scorer for scorer in settings.scorers}
    tables = {
        variant.name: VariantTable(variant.name, records, settings.repeats, infos) for variant in settings.variants
    }
    evaluation = Evaluation(run.info.run_id, run.info.run_name, client, settings, records, tables)
    for name, table in tables.items():
        table.scorers_usd = dict(settings.scorers_usd.get(name, {}))
        if settings.run_ids.get(name) is None:
            continue
        for row in evaluation.rows(name):
            records.put(row.index, row.record_id, row.group)
            known = all(score.name in table.columns for score in row.scores)
            table.add(row, infos if known else _owners(row, infos))
        table.drop_silent()
    return evaluation


def _owners(row: ScoredRow, infos: Mapping[str, ScorerInfo]) -> dict[str, ScorerInfo]:
    """The scorer of each score of a stored row: of its name, else the one whose name its name begins with."""
    found = {}
    for score in row.scores:
        owner = infos.get(score.name) or infos.get(score.name.rpartition("/")[0])
        if owner is not None:
            found[score.name] = owner
    return found
