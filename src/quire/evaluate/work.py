"""One evaluation under way: answers asked and scored as they come, rows written down, everything kept at the end."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from quire.caller.caller import Caller
from quire.caller.options import Report
from quire.caller.progress import make_progress
from quire.caller.settings import ServiceSettings
from quire.domain.errors import QuireError
from quire.domain.scores import Measured, Score, ScoredRow
from quire.evaluate.answers import Occurrences
from quire.evaluate.assessing import Assessing
from quire.evaluate.budget import Budget, Share, dollars
from quire.evaluate.data import Data
from quire.evaluate.earlier import EarlierTraces
from quire.evaluate.evaluation import Evaluation
from quire.evaluate.functions import Calling
from quire.evaluate.kept import keep_answers
from quire.evaluate.options import Options
from quire.evaluate.plan import Plan, VariantRow
from quire.evaluate.runs import Runs, Settings
from quire.evaluate.scoring import Scoring, asks_in_batches, scored_in_batches, scorer_info
from quire.evaluate.spool import Spool, read_rows
from quire.evaluate.table import VariantTable
from quire.evaluate.variants import FunctionVariant, ModelVariant, PromptVariant, RecordedVariant, Variant
from quire.tracking.client import Client

if TYPE_CHECKING:
    from quire.scorers.base import Scorer

log = logging.getLogger("quire")


class EvaluationStopped(QuireError):
    """An evaluation ended early, for a reason that every further call would share. ``run_id`` holds what finished."""

    error_code = "TEMPORARILY_UNAVAILABLE"

    def __init__(self, message: str, run_id: str, rows: int) -> None:
        self.run_id = run_id
        self.rows = rows
        super().__init__(message)


class Work:
    """One evaluation under way."""

    def __init__(
        self,
        runs: Runs,
        settings: Settings,
        source: Data,
        variants: Sequence[Variant],
        scorers: Sequence[Scorer],
        asked: Options,
    ) -> None:
        self._runs = runs
        self._settings = settings
        self._source = source
        self._variants = variants
        self._asked = asked
        self._quick = [scorer for scorer in scorers if not asks_in_batches(scorer)]
        self._batched = [scorer for scorer in scorers if asks_in_batches(scorer)]
        self._budget = Budget(asked.max_cost_usd)
        self._scoring = Scoring(self._quick, asked.at_once, runs.context_of)
        infos = {scorer.name: scorer_info(scorer) for scorer in scorers}
        self._tables = {
            variant.described.name: VariantTable(variant.described.name, source.records, asked.repeats, infos)
            for variant in variants
        }
        self._recorded = {one.described.name for one in variants if isinstance(one, RecordedVariant)}
        self._assessing = Assessing(runs.uri, runs.parent.info.run_id, runs.run_ids, scorers)
        self._stopped: EvaluationStopped | None = None

    def carry_out(self) -> Evaluation:
        """All of it. What finished is kept however it ends."""
        with tempfile.TemporaryDirectory(prefix="quire-evaluate-") as folder:
            files = {name: Path(folder) / f"{place}.jsonl" for place, name in enumerate(self._tables)}
            try:
                self._answer(files)
                self._score_in_batches(files)
                self._assessing.finish()
            except BaseException as error:
                self._keep_what_finished(files, error)
                raise
            self._keep(files)
        if self._stopped is not None:
            raise self._stopped
        evaluation = self._evaluation()
        evaluation.warn_of_silent_scorers()
        return evaluation

    # -- answers -----------------------------------------------------------------------------------

    def _answer(self, files: Mapping[str, Path]) -> None:
        spools = {name: Spool(path) for name, path in files.items()}
        try:
            for rows in self._phases():
                with contextlib.closing(rows), contextlib.closing(self._scoring.scored(rows)) as scored:
                    for name, row in scored:
                        self._tables[name].add(row, self._scoring.owners)
                        spools[name].write(row)
                        self._assess(name, row, row.scores, first=True)
                if self._stopped is not None:
                    return
        finally:
            for spool in spools.values():
                spool.close()

    def _phases(self) -> Iterator[Generator[VariantRow]]:
        """The rows of all variants that are asked through the caller, then of each function, then of recorded ones."""
        asked = [variant for variant in self._variants if isinstance(variant, ModelVariant | PromptVariant)]
        if asked:
            yield self._asked_rows(asked)
        for variant in self._variants:
            if isinstance(variant, FunctionVariant):
                yield self._function_rows(variant)
            elif isinstance(variant, RecordedVariant):
                yield self._recorded_rows(variant)

    def _asked_rows(self, variants: Sequence[ModelVariant | PromptVariant]) -> Generator[VariantRow]:
        service = ServiceSettings.from_environment()
        plan = Plan(variants, self._asked.repeats, self._runs.run_ids, self._earlier_traces(variants))
        caller = Caller(service, self._asked.caller_options(variant.caller_params for variant in variants))
        journal = self._asked.journal
        kept = keep_answers(self._asked.cache, journal, repr(service), service, plan.number)
        if kept is not None:
            self._budget.count_journal(kept.spent())
        progress = make_progress(self._asked.progress, self._source.length * plan.calls_per_record)
        report = Report()
        try:
            outcomes = caller.iterate(
                plan.calls(self._source.placed()), ordered=True, journal=kept, report=report, progress=progress
            )
            with contextlib.closing(outcomes):
                for outcome in outcomes:
                    yield from plan.rows(outcome)
            yield from plan.last_rows()
        finally:
            if kept is not None:
                kept.close()
        if plan.stopped_by is not None:
            self._stopped = self._explain_stop(plan)

    def _earlier_traces(self, variants: Sequence[ModelVariant | PromptVariant]) -> EarlierTraces | None:
        """The traces that these runs have, if they are gone on with."""
        if self._asked.resumed_run is None:
            return None
        runs = {one.described.name: self._runs.run_ids[one.described.name] for one in variants}
        return EarlierTraces(self._runs.uri, self._runs.parent.info.experiment_id, runs)

    def _explain_stop(self, plan: Plan) -> EvaluationStopped:
        assert plan.stopped_by is not None
        rows = sum(table.rows for table in self._tables.values())
        run_id = self._runs.parent.info.run_id
        why = plan.stopped_by.message.replace("Raise max_cost_usd and run again with the same journal to go on.", "")
        return EvaluationStopped(
            f"The evaluation stopped: {why.strip()} {plan.not_sent} answers are missing; the {rows} that finished are "
            f"kept in the run {run_id}. {self._again}",
            run_id,
            rows,
        )

    def _function_rows(self, variant: FunctionVariant) -> Generator[VariantRow]:
        name, repeats = variant.described.name, self._asked.repeats
        done = failed = 0
        with (
            contextlib.closing(make_progress(self._asked.progress, self._source.length * repeats)) as progress,
            Calling(variant.function, self._runs.context_of(name), self._asked.at_once) as calling,
        ):
            items = (
                ((placed, repeat), dict(placed.example.inputs))
                for placed in self._source.placed()
                for repeat in range(repeats)
            )
            for (placed, repeat), returned in calling.results(items):
                done, failed = done + 1, failed + (returned.error is not None)
                progress.update(done, failed)
                yield (
                    name,
                    placed.row(
                        repeat,
                        outputs=returned.outputs,
                        error=returned.error,
                        measured=Measured(latency_s=returned.seconds),
                        trace_id=returned.trace_id,
                    ),
                )

    def _recorded_rows(self, variant: RecordedVariant) -> Generator[VariantRow]:
        for placed in self._source.placed():
            outputs = placed.example.outputs
            error = "no_outputs: the record holds no outputs" if outputs is None else None
            fields = {"error": error, "measured": Measured(attempts=0), "trace_id": placed.trace_id}
            yield variant.described.name, placed.row(0, outputs=outputs, **fields)

    # -- scorers that ask for many rows at once ------------------------------------------------------

    def _score_in_batches(self, files: Mapping[str, Path]) -> None:
        """Each of them over the rows of all variants; the rows' files are written anew with its scores."""
        if self._stopped is not None:
            return
        for scorer in self._batched:
            new = {name: path.with_suffix(".scored") for name, path in files.items()}
            spools = {name: Spool(path) for name, path in new.items()}
            with self._answers_kept_for(scorer), self._budget.share_of(scorer, self._answers_usd) as share:
                for name, row, scores in scored_in_batches(scorer, self._reader(files), self._scoring.owners):
                    table = self._tables[name]
                    table.put_scores(row.index * self._asked.repeats + row.repeat, scores, self._scoring.owners)
                    table.pay_scorer(scorer.name, share.count(scores))
                    spools[name].write(row)
                    self._assess(name, row, scores, first=False)
            for spool in spools.values():
                spool.close()
            for name, path in new.items():
                path.replace(files[name])
            if share.lacking:
                self._stopped = self._explain_share(scorer, share)
                return

    @property
    def _answers_usd(self) -> float:
        return sum(table.spent_usd for table in self._tables.values())

    def _explain_share(self, scorer: Scorer, share: Share) -> EvaluationStopped:
        """Why a scorer that asks a service went without, with what was spent on what."""
        rows = sum(table.rows for table in self._tables.values())
        run_id = self._runs.parent.info.run_id
        earlier = f", ${self._budget.earlier_usd:.6f} before" if self._budget.earlier_usd else ""
        return EvaluationStopped(
            f"The evaluation stopped: the spend limit of ${self._asked.max_cost_usd or 0:g} is reached "
            f"(${self._answers_usd:.6f} spent on answers, ${self._budget.scorers_usd:.6f} on scorers that ask a "
            f"service{earlier}). {share.lacking} of {rows} rows have no score of {scorer.name!r}; all rows are kept in "
            f"the run {run_id}. {self._again}",
            run_id,
            rows,
        )

    @property
    def _again(self) -> str:
        """What running again would pay for."""
        if self._asked.cache is False and self._asked.journal is None:
            return "Answers are not kept (cache=False without a journal), so running again asks for all of them."
        return "Run again to go on: answers that are kept are not paid for twice."

    @contextlib.contextmanager
    def _answers_kept_for(self, scorer: Any) -> Iterator[None]:
        """Have a scorer that asks a service keep the answers where those of variants are kept, if it can."""
        if getattr(scorer, "kept", self) is not None:
            yield
            return
        service, journal = ServiceSettings.from_environment(), self._asked.journal
        own = None if journal is None else journal.with_name(f"{journal.name}.{scorer.name}")
        scorer.kept = kept = keep_answers(self._asked.cache, own, repr(service), service, Occurrences())
        before = {} if kept is None else kept.spent()
        try:
            yield
        finally:
            scorer.kept = None
            self._budget.count_journal(before)  # until now the scorer's own account of its journal held it
            if kept is not None:
                kept.close()

    def _reader(self, files: Mapping[str, Path]) -> Callable[[], Iterator[VariantRow]]:
        def read() -> Iterator[VariantRow]:
            for name, path in files.items():
                for row in read_rows(path):
                    yield name, row

        return read

    def _assess(self, name: str, row: ScoredRow, scores: Sequence[Score], *, first: bool) -> None:
        """Have scores written as assessments of the row's trace, if it has one and that is wanted."""
        if row.trace_id is not None and self._asked.log_assessments:
            own = name not in self._recorded
            self._assessing.add(name, row, scores, self._scoring.owners, first=first, own_trace=own)

    # -- what is kept --------------------------------------------------------------------------------

    def _keep(self, files: Mapping[str, Path]) -> None:
        """The rows, numbers and inputs of every variant, with their runs."""
        stopped = None if self._stopped is None else self._stopped.message
        self._settings = msgspec.structs.replace(
            self._settings,
            dataset=self._source.info,
            stopped=stopped,
            scorers_usd={name: table.scorers_usd for name, table in self._tables.items() if table.scorers_usd},
        )
        self._runs.write(self._settings)
        for name, table in self._tables.items():
            table.drop_silent()
            self._runs.put_rows(name, files[name])
        self._runs.log_inputs(self._source.entity(), self._settings.variants)
        self._log_parent()
        for described in self._settings.variants:
            run_id = self._runs.run_ids[described.name]
            self._runs.log_params(
                run_id,
                {
                    "variant": described.name,
                    "kind": described.kind,
                    "source": described.source,
                    "model": described.model,
                    "prompt": described.prompt,
                },
            )
            self._runs.log_metrics(run_id, self._tables[described.name].aggregates(), described)

    def _log_parent(self) -> None:
        settings = self._settings
        run_id = self._runs.parent.info.run_id
        self._runs.log_params(
            run_id,
            {
                "dataset": settings.dataset.name,
                "dataset_digest": settings.dataset.digest,
                "variants": ", ".join(variant.name for variant in settings.variants),
                "scorers": ", ".join(scorer.name for scorer in settings.scorers),
                "repeats": settings.repeats,
                "seed": settings.seed,
            },
        )
        tables = list(self._tables.values())
        metrics = {
            "records": float(settings.dataset.records),
            "rows": float(sum(table.rows for table in tables)),
            "failed": float(sum(table.failed for table in tables)),
            "replayed": float(sum(table.replayed for table in tables)),
            "answers_usd": self._answers_usd,
            "scorers_usd": sum(sum(table.scorers_usd.values()) for table in tables),
        }
        metrics["spent_usd"] = metrics["answers_usd"] + metrics["scorers_usd"]
        for scorer in self._batched:
            if dollars(scorer) is not None:
                name = scorer.name
                metrics[f"{name}/cost_usd"] = sum(table.scorers_usd.get(name, 0.0) for table in tables)
        self._runs.log_metrics(run_id, metrics)

    def _keep_what_finished(self, files: Mapping[str, Path], error: BaseException) -> None:
        """What there is when an evaluation fails or is interrupted; a store that fails too does not hide why."""
        self._assessing.finish()
        if all(path.exists() for path in files.values()):
            try:
                self._keep(files)
            except Exception as failed:
                log.warning("What the evaluation had finished could not be kept: %s", failed)
                return
            error.add_note(f"What had finished is kept in the run {self._runs.parent.info.run_id}.")

    def _evaluation(self) -> Evaluation:
        return Evaluation(
            run_id=self._runs.parent.info.run_id,
            name=self._runs.parent.info.run_name,
            client=Client(self._runs.uri),
            settings=self._settings,
            records=self._source.records,
            tables=self._tables,
        )
