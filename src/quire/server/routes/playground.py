"""The playground: ``/api/quire/v1/playground/…``. What is tried goes to the service that the environment names."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from quire.domain.errors import InvalidInput, QuireError
from quire.domain.protojson import encode
from quire.playground.limits import Limits
from quire.playground.messages import (
    EXPERIMENT,
    AnswerEvents,
    AskVariant,
    BaseResponse,
    CheckedResponse,
    CheckedScorer,
    CheckedScorersResponse,
    CheckedVariant,
    CheckScorers,
    CheckVariants,
    ChosenScorer,
    JobMessage,
    JobResponse,
    JobsResponse,
    OfBase,
    OfJob,
    SavedResponse,
    SaveVariant,
    ScorersResponse,
    ServiceResponse,
    StartEvaluation,
    Variant,
)
from quire.server.auth.asking import IDENTITY, asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Request, Send
from quire.store.rest.wire.common import Empty

if TYPE_CHECKING:
    from quire.domain.calls import Call
    from quire.playground.asking import Asked
    from quire.playground.bases import Base
    from quire.playground.jobs import Job, Jobs

log = logging.getLogger("quire.server")
calls = Calls("quire", "v1", tag="Playground")
_PLAYGROUND = "/api/quire/v1/playground"
_STREAM = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def limits_of(context: Context) -> Limits:
    """The limits of this process; that of money is shared by all on this store."""
    found = context.extras.get("playground.limits")
    if found is None:
        from quire.playground.spending import Spending

        made = Limits.from_environment(ledger=Spending(context.store))
        found = context.extras.setdefault("playground.limits", made)
    limits: Limits = found
    return limits


def base_of(context: Context, uri: str, task: Any = "chat.completions") -> Base:
    """The version that a URI names. Raises NotFound, InvalidInput, TemplateError, or PermissionDenied for its files."""
    from quire.playground.bases import base_of_model, base_of_prompt, is_prompt

    if is_prompt(uri):
        return base_of_prompt(_prompts(context)._load(_prompt_uri(uri)), task)
    from quire.domain.uris import parse_model_uri
    from quire.models.read import load_package
    from quire.server.model_folder import PlacedFolder
    from quire.store.resolve import resolve

    found = resolve(context.store, context.registry, parse_model_uri(uri))
    package = load_package(PlacedFolder(context.places, found.location)).package
    pinned = f"models:/{found.name}/{found.version}" if found.version else uri
    return base_of_model(package, pinned, found.name or "", found.version or "")


def _base(context: Context, variant: Variant) -> Base | None:
    return base_of(context, variant.base, variant.task) if variant.base else None


def _prompts(context: Context) -> Any:
    from quire.playground.saving import Prompts

    return Prompts(context.store, context.registry, asked_by())


def _prompt_uri(uri: str) -> Any:
    from quire.domain.prompt_uris import prompt_uri

    return prompt_uri(uri, None)


@calls.read("GET", f"{_PLAYGROUND}/service", reads="files")
def playground_service(context: Context, request: Empty) -> ServiceResponse:
    """Where the playground's requests go, without the key; what to set if they cannot go anywhere."""
    from quire.playground.service import service

    return service(limits_of(context))


@calls.read("GET", f"{_PLAYGROUND}/base", reads="files")
def playground_base(context: Context, request: OfBase) -> BaseResponse:
    """A version of a prompt or model as the beginning of a variant, with its parameter policy."""
    from quire.playground.bases import described

    return described(base_of(context, request.uri))


@calls.read("POST", f"{_PLAYGROUND}/check", reads="files")
def check_variants(context: Context, request: CheckVariants) -> CheckedResponse:
    """The variables of each variant, and what is wrong with it. Nothing is sent."""
    return CheckedResponse(variants=[_checked(context, variant) for variant in request.variants])


def _checked(context: Context, variant: Variant) -> CheckedVariant:
    from quire.playground.variants import check, variables

    names: list[str] = []
    try:
        names = variables(variant)
        check(variant, _base(context, variant))
    except QuireError as error:
        return CheckedVariant(variables=names, problem=error.message)
    return CheckedVariant(variables=names)


@calls.write("POST", f"{_PLAYGROUND}/save")
def save_variant(context: Context, request: SaveVariant) -> SavedResponse:
    """Register a variant as the next version of a prompt, and the prompt if there is none of that name."""
    from quire.playground.saving import save

    made = save(_prompts(context), request, _base(context, request.variant))
    return SavedResponse(name=made.name, version=made.version, uri=made.uri)


@calls.stream("POST", f"{_PLAYGROUND}/ask", kind="write", message=AskVariant, events=AnswerEvents)
async def ask_variant(context: Context, request: Request, send: Send) -> None:
    """Ask a variant. The answer streams as server-sent events: its text, then one last event with tokens and cost."""
    from quire.playground.asking import Asked, closed, prepare

    asking: AskVariant = request.message
    limits = limits_of(context)
    if limits.max_usd is not None:
        await context.run_files(limits.refresh)
    with limits.room():
        base, call = await context.run_files(partial(_planned, context, asking))
        await context.run_files(prepare)
        await context.run_files(_require_service)
        asked = Asked(call)
        pump = asyncio.create_task(_pump(asked, send))
        gone = asyncio.create_task(request.gone())
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
            went_away = not pump.done()
        finally:
            await closed(gone)
            await closed(pump)
        if not pump.cancelled():
            pump.result()
        limits.spend(await context.run_files(lambda: asked.cost_usd))
        if limits.max_usd is not None:
            await context.run_write(limits.publish)
        trace_id = await _traced(context, request, asked, base) if asking.trace else None
        if not went_away:
            await send({"type": "http.response.body", "body": _event(asked.last(trace_id)), "more_body": False})


def _planned(context: Context, asking: AskVariant) -> tuple[Base | None, Call]:
    from quire.playground.variants import request_of

    base = _base(context, asking.variant)
    return base, request_of(asking.variant, base, asking.values)


def _require_service() -> None:
    from quire.caller.settings import ServiceSettings

    ServiceSettings.from_environment().require_complete()


async def _pump(asked: Asked, send: Send) -> None:
    from contextlib import aclosing

    from quire.playground.asking import words
    from quire.playground.joining import joined

    await send({"type": "http.response.start", "status": 200, "headers": list(_STREAM)})
    async with aclosing(joined(words(asked))) as pieces:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": _event(piece), "more_body": True})


def _event(event: Any) -> bytes:
    return b"data: " + encode(AnswerEvents(event=event)) + b"\n\n"


async def _traced(context: Context, request: Request, asked: Asked, base: Base | None) -> str | None:
    """Store the trace of an answer; its id, None if that failed, which must not cost anybody the answer."""
    asking: AskVariant = request.message
    identity = request.scope.get(IDENTITY)
    user = "" if identity is None else identity.name

    def work() -> str:
        from quire.playground.traces import trace_of

        unchanged = base is not None and base.template == asking.variant.template
        experiment = asking.experiment_id or _experiment(context)
        trace = trace_of(asked, experiment, base=base, unchanged=unchanged, user=user)
        context.store.log_traces([trace])
        return trace.info.trace_id

    try:
        return await context.run_write(work)
    except Exception as error:
        log.error("An answer of the playground could not be traced: %r", error)
        return None


def _experiment(context: Context) -> str:
    """The experiment of the playground, made when it is first needed."""
    found = context.store.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return found.experiment_id
    return context.store.create_experiment(EXPERIMENT)


# -- evaluations in the background ---------------------------------------------------------------


def jobs_of(context: Context) -> Jobs:
    """The jobs of this server."""
    from quire.playground.jobs import Jobs, folder_of

    found = context.extras.get("playground.jobs")
    if found is None:
        made = Jobs(folder_of(context.store.uri), limits_of(context))
        found = context.extras.setdefault("playground.jobs", made)
    jobs: Jobs = found
    return jobs


@calls.read("GET", f"{_PLAYGROUND}/scorers", reads="files")
def playground_scorers(context: Context, request: Empty) -> ScorersResponse:
    """The scorers and judges that an evaluation may be started with, and their parameters."""
    from quire.playground.scoring import choosable_scorers

    return ScorersResponse(scorers=choosable_scorers())


@calls.read("POST", f"{_PLAYGROUND}/scorers/check", reads="files")
def check_scorers(context: Context, request: CheckScorers) -> CheckedScorersResponse:
    """The score that each scorer with these parameters gives, or what is wrong with it. Nothing is asked."""
    return CheckedScorersResponse(scorers=[_checked_scorer(context, chosen) for chosen in request.scorers])


def _checked_scorer(context: Context, chosen: ChosenScorer) -> CheckedScorer:
    from quire.playground.scoring import made_scorer

    try:
        return CheckedScorer(score=made_scorer(chosen, partial(_judge, context)).name)
    except QuireError as error:
        return CheckedScorer(problem=error.message)


def _judge(context: Context, uri: str) -> Any:
    """The judge that a version of a registered model is. Its own files are read, no path that somebody names."""
    from quire.domain.uris import RegisteredModelUri, parse_model_uri
    from quire.judges.making import judge_in
    from quire.models.read import load_package
    from quire.server.model_folder import PlacedFolder
    from quire.store.resolve import resolve

    parsed = parse_model_uri(uri)
    if not isinstance(parsed, RegisteredModelUri):
        raise InvalidInput(f"{uri!r} is no version of a registered model; expected models:/NAME/VERSION.")
    resolved = resolve(context.store, context.registry, parsed)
    found = resolved.registered()
    pinned = f"models:/{quote(found.name, safe='')}/{found.version}"
    return judge_in(load_package(PlacedFolder(context.places, resolved.location)), pinned)


@calls.write("POST", f"{_PLAYGROUND}/evaluations", reads="files")
def start_evaluation(context: Context, request: StartEvaluation) -> JobResponse:
    """Evaluate variants on a dataset in the background. A process of its own does it; the server keeps answering."""
    from quire.playground.jobs import folder_of
    from quire.playground.ordering import order

    _require_service()
    dataset = context.store.get_dataset(request.dataset_id)
    if request.version is not None:
        context.store.get_dataset_version(request.dataset_id, request.version)
    experiment = context.store.get_experiment(request.experiment_id or _experiment(context))
    made = order(
        request,
        bases=[_base(context, named.variant) for named in request.variants],
        dataset=dataset.name,
        experiment=experiment.name,
        folder=folder_of(context.store.uri),
        tracking_uri=context.store.uri,
        registry_uri=context.registry.uri,
        artifact_root=context.places.own,
        by=asked_by(),
        load=partial(_judge, context),
    )
    return JobResponse(job=_job(jobs_of(context).start(made)))


@calls.read("GET", f"{_PLAYGROUND}/evaluations", reads="files")
def list_evaluation_jobs(context: Context, request: Empty) -> JobsResponse:
    """Evaluations that were started from the playground, newest first; the last 50 that ended are remembered."""
    return JobsResponse(jobs=[_job(job) for job in jobs_of(context).all()])


@calls.read("GET", f"{_PLAYGROUND}/evaluations/{{job_id}}", reads="files")
def get_evaluation_job(context: Context, request: OfJob) -> JobResponse:
    """How far an evaluation is."""
    return JobResponse(job=_job(jobs_of(context).get(request.job_id)))


@calls.write("POST", f"{_PLAYGROUND}/evaluations/{{job_id}}/stop", reads="files")
def stop_evaluation_job(context: Context, request: OfJob) -> JobResponse:
    """Have an evaluation stop; the rows that it has finished are kept in its run."""
    return JobResponse(job=_job(jobs_of(context).stop(request.job_id)))


def _job(job: Job) -> JobMessage:
    fields = {name: getattr(job, name) for name in JobMessage.__struct_fields__}
    return JobMessage(**fields)
