"""What model versions hold, how they differ, where they came from; and moving their aliases with a record."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from quire.domain.errors import InvalidInput
from quire.domain.lineage import Lineage
from quire.domain.names import check_page_size
from quire.domain.promotions import promotions_in
from quire.domain.uris import RegisteredModelUri
from quire.registry.moving import model_of_name, move_alias, roll_back
from quire.server.auth.asking import asked_by, may_read
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Request, Send
from quire.server.model_bundle import send_bundle
from quire.server.model_folder import PlacedFolder, files_of
from quire.server.package_views import view_of
from quire.server.readable import readable_experiments
from quire.server.routes.artifacts import FILE
from quire.server.unsigned import NOBODY
from quire.store.resolve import ResolvedModel, resolve
from quire.store.rest.wire.model_packages import (
    DiffModel,
    EvidenceItem,
    EvidenceResponse,
    ListEvidence,
    ListPromotions,
    ModelDiffResponse,
    ModelLineageRequest,
    MoveModelAlias,
    PackageFilesResponse,
    PackageResponse,
    PromoteModelVersion,
    PromotionResponse,
    PromotionsResponse,
    RollBackModelAlias,
)
from quire.store.rest.wire.model_versions import OfModelVersion
from quire.store.rest.wire.prompts import LineageResponse

if TYPE_CHECKING:
    from quire.models import LoadedPackage

calls = Calls("quire", "v1", tag="Model packages")
_MODEL = "/api/quire/v1/models/{name}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_MOST = 1000
_MOST_EVIDENCE = 50


@calls.read("GET", f"{_VERSION}/package", reads="files")
def get_package(context: Context, request: OfModelVersion) -> PackageResponse:
    """What a model version holds: task, model, template, parameters, signature. Read as data; nothing of it is run."""
    return PackageResponse(package=view_of(_load(context, request.name, request.version)))


@calls.read("GET", f"{_VERSION}/files", reads="files")
def list_package_files(context: Context, request: OfModelVersion) -> PackageFilesResponse:
    """The files of a model version, at most a thousand."""
    location = resolve_version(context, request.name, request.version).location
    files, complete = files_of(context.places, location, _MOST)
    return PackageFilesResponse(files=files, complete=complete)


@calls.stream("GET", f"{_VERSION}/bundle", openapi=FILE)
async def get_bundle(context: Context, request: Request, send: Send) -> None:
    """A model version with its lineage as one file: what ``quire models export`` writes."""
    name, version = request.parameters["name"], request.parameters["version"]
    await send_bundle(context, request, send, name, version)


@calls.read("GET", f"{_VERSION}/lineage")
def get_model_lineage(context: Context, request: ModelLineageRequest) -> LineageResponse:
    """Where a model version came from, which evaluations scored it, which endpoints answer with it."""
    from quire.registry.lineage import model_lineage

    check_page_size(request.max_results, _MOST)
    found: Lineage = model_lineage(
        context.store, context.registry, request.name, request.version, most=request.max_results, may_read=may_read
    )
    return LineageResponse(lineage=found)


@calls.read("GET", f"{_MODEL}/diff", reads="files")
def diff_model_versions(context: Context, request: DiffModel) -> ModelDiffResponse:
    """What differs between two versions of a model: task, model, template by words, parameters, policy, signature."""
    from quire.domain.packagediff import diff_packages

    old, new = (_load(context, request.name, version).package for version in (request.old, request.new))
    return ModelDiffResponse(changes=diff_packages(old, new))


@calls.read("GET", f"{_MODEL}/promotions", reads="point")
def list_promotions(context: Context, request: ListPromotions) -> PromotionsResponse:
    """What became of a model's aliases, newest first: who moved which where, when, why, on what evidence."""
    tags = model_of_name(context.registry, request.name).tags
    return PromotionsResponse(promotions=promotions_in(tags, request.alias)[::-1])


@calls.write("POST", f"{_MODEL}/move-alias")
def move_model_alias(context: Context, request: MoveModelAlias) -> PromotionResponse:
    """Move an alias of a model without evidence, from the version where it is expected, and record who did and why.

    400 INVALID_STATE if it is elsewhere by now.
    """
    moved = move_alias(
        context.registry,
        request.name,
        request.alias,
        request.version,
        expected=request.expected,
        reason=request.reason,
        by=asked_by() or NOBODY,
    )
    return PromotionResponse(promotion=moved)


@calls.write("POST", f"{_MODEL}/roll-back-alias")
def roll_back_model_alias(context: Context, request: RollBackModelAlias) -> PromotionResponse:
    """Move an alias of a model back to the version that it had before, and record who did and why."""
    moved = roll_back(context.registry, request.name, request.alias, reason=request.reason, by=asked_by() or NOBODY)
    return PromotionResponse(promotion=moved)


@calls.read("GET", f"{_VERSION}/evidence")
def list_evidence(context: Context, request: ListEvidence) -> EvidenceResponse:
    """The evaluations that could show that a version is better than the one an alias points at."""
    from quire.rollout.evidence import scorings
    from quire.server.own_client import OwnClient

    current = model_of_name(context.registry, request.name).aliases.get(request.alias)
    context.registry.get_model_version(request.name, request.version)
    versions = dict.fromkeys([request.version, *([] if current is None else [current])])
    found = scorings(OwnClient(context), request.name, list(versions), readable_experiments(context, []))
    items = [
        EvidenceItem(
            run_id=one.run.info.run_id,
            name=one.run.info.run_name or one.run.info.run_id,
            dataset=one.run.data.params.get("dataset", ""),
            versions=one.versions,
            ended_ms=one.run.info.end_time,
        )
        for one in found[:_MOST_EVIDENCE]
    ]
    return EvidenceResponse(current=current, evaluations=items)


@calls.write("POST", f"{_VERSION}/promote", reads="files")
def promote_model_version(context: Context, request: PromoteModelVersion) -> PromotionResponse:
    """Point an alias at a version if evaluations show that it is better; refused in the words of the gate else."""
    from quire.domain.gates import gate
    from quire.rollout.promoting import promote
    from quire.server.evaluations.opened import open_evaluation
    from quire.server.own_client import OwnClient

    model = model_of_name(context.registry, request.name)
    if request.score and not request.evidence and request.alias in model.aliases:
        raise InvalidInput(
            "No evidence was named. Give the runs of evaluations that scored both versions: "
            f"GET models/{request.name}/versions/{request.version}/evidence lists them."
        )
    limits = request.confidence, request.not_worse, request.min_rows, request.max_missing
    moved = promote(
        f"models:/{quote(request.name, safe='')}/{request.version}",
        gate(request.score, f"@{request.alias}", *limits) if request.score else None,
        [open_evaluation(context, run).evaluation for run in request.evidence] or None,
        alias=request.alias,
        force=request.force,
        reason=request.reason,
        client=OwnClient(context),
        by=asked_by() or NOBODY,
    )
    return PromotionResponse(promotion=moved)


def resolve_version(context: Context, name: str, version: str) -> ResolvedModel:
    """A version with the place of its files. Raises NotFound, saying which versions there are."""
    return resolve(context.store, context.registry, RegisteredModelUri(name, version=version))


def _load(context: Context, name: str, version: str) -> LoadedPackage:
    from quire.models.read import load_package

    return load_package(PlacedFolder(context.places, resolve_version(context, name, version).location))
