"""Runs in a table and side by side: ``/api/quire/v1/runs/…``."""

from __future__ import annotations

import msgspec

from quire.domain.access import Resource
from quire.domain.errors import InvalidInput
from quire.domain.protojson import Message
from quire.domain.run_facts import RunFacts
from quire.domain.run_table import RunColumns, RunRows, parse_columns
from quire.domain.rundiff import RunComparison, compare_runs
from quire.server.auth.asking import current
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.run_table import CompareRuns, ListRunColumns, ListRunRows
from quire.store.run_table import run_table_of

calls = Calls("quire", "v1", tag="Runs")
_RUNS = "/api/quire/v1/runs"
_MOST_COMPARED = 100


class ComparedRuns(Message, frozen=True, kw_only=True):
    """Runs side by side, and what is known of each beside what was logged to it."""

    comparison: RunComparison
    facts: list[RunFacts] = msgspec.field(default_factory=list)


@calls.read("POST", f"{_RUNS}/rows")
def list_run_rows(context: Context, request: ListRunRows) -> RunRows:
    """Rows of a table of runs: their state and the values of chosen columns, from any place in the list on."""
    table = run_table_of(context.store)
    columns = parse_columns(request.columns)
    if not (request.whole or request.order or request.offset):
        return table.first_rows(
            request.experiment_ids,
            filter_string=request.filter,
            view=request.run_view_type,
            order_by=request.order_by,
            columns=columns,
            limit=request.limit,
        )
    return table.rows(
        request.experiment_ids,
        filter_string=request.filter,
        view=request.run_view_type,
        order_by=request.order_by,
        columns=columns,
        offset=request.offset,
        limit=request.limit,
        order=request.order,
        fresh=request.fresh,
    )


@calls.read("POST", f"{_RUNS}/columns")
def list_run_columns(context: Context, request: ListRunColumns) -> RunColumns:
    """The keys of metrics, params and tags that runs of these experiments have."""
    return run_table_of(context.store).columns(request.experiment_ids)


@calls.read("POST", f"{_RUNS}/compare")
def compare_some_runs(context: Context, request: CompareRuns) -> ComparedRuns:
    """Runs side by side: params and tags that differ, metrics with the best, prompts, cost, evaluations."""
    from quire.server.own_client import OwnClient
    from quire.tracking.run_facts import facts_of

    if not 1 <= len(request.run_ids) <= _MOST_COMPARED:
        raise InvalidInput(f"{len(request.run_ids):,} runs are to be compared; give 1 to {_MOST_COMPARED}.")
    client = OwnClient(context)
    runs = [context.store.get_run(run_id) for run_id in request.run_ids]
    return ComparedRuns(
        comparison=compare_runs(runs, lower=request.lower, higher=request.higher),
        facts=[facts_of(client, run, _reads_prompt) for run in runs],
    )


def _reads_prompt(name: str) -> bool:
    asking = current.get(None)
    return asking is None or asking.identity.reads(Resource("registered_model", name))
