"""Messages about what model versions hold, and about their aliases: ``/api/quire/v1/models…``."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.package_view import ColumnView, ParamView
from quire.domain.packagediff import Change
from quire.domain.promotions import Promotion
from quire.domain.protojson import Int64, Message, Required
from quire.store.rest.wire.model_versions import OfModelVersion
from quire.store.rest.wire.registered_models import OfRegisteredModel


class PackageView(msgspec.Struct, frozen=True, kw_only=True):
    """What a packaged model holds.

    ``template`` is what of a request is a template, such as ``messages``; ``fixed_json`` the parameters that every
    request has, ``metadata_json`` what who made it noted, as JSON. ``prompts`` are the URIs of the prompts that it was
    made of; ``created`` is UTC.
    """

    task: str
    model: str
    variables: list[str]
    template: dict[str, Any]
    fixed_json: str
    params: list[ParamView]
    inputs: list[ColumnView]
    outputs: list[ColumnView]
    metadata_json: str
    prompts: list[str]
    flavors: list[str]
    mlflow_version: str
    created: str


class PackageResponse(Message, frozen=True, kw_only=True):
    """What the version holds."""

    package: PackageView


class PackageFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a model version: its path below the model's folder, its size in bytes."""

    path: str
    size: int


class PackageFilesResponse(Message, frozen=True, kw_only=True):
    """The files, by path; ``complete`` says whether these are all."""

    files: list[PackageFile] = msgspec.field(default_factory=list)
    complete: bool = True


class DiffModel(OfRegisteredModel, frozen=True, kw_only=True):
    """``GET models/{name}/diff``: two versions of it, by number."""

    old: Required
    new: Required


class ModelDiffResponse(Message, frozen=True, kw_only=True):
    """Every difference, in the order task, model, template, fixed parameters, policy, inputs, outputs."""

    changes: list[Change] = msgspec.field(default_factory=list)


class ListPromotions(OfRegisteredModel, frozen=True, kw_only=True):
    """``GET models/{name}/promotions``; of one alias, or of all."""

    alias: str | None = None


class PromotionsResponse(Message, frozen=True, kw_only=True):
    """What became of a model's aliases, newest first."""

    promotions: list[Promotion] = msgspec.field(default_factory=list)


class MoveModelAlias(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST models/{name}/move-alias``; without a version there is none, or shall be none."""

    alias: Required
    version: str | None = None
    expected: str | None = None
    reason: str = ""


class RollBackModelAlias(OfRegisteredModel, frozen=True, kw_only=True):
    """``POST models/{name}/roll-back-alias``."""

    alias: Required
    reason: str = ""


class PromotionResponse(Message, frozen=True, kw_only=True):
    """What was done."""

    promotion: Promotion


class ListEvidence(OfModelVersion, frozen=True, kw_only=True):
    """``GET models/{name}/versions/{version}/evidence``: for pointing this alias at the version."""

    alias: str = "champion"


class EvidenceItem(Message, frozen=True, kw_only=True):
    """An evaluation that has ended, and which of the two versions it scored. ``ended_ms`` is in ms."""

    run_id: str
    name: str
    dataset: str
    versions: list[str]
    ended_ms: Int64 | None = None


class EvidenceResponse(Message, frozen=True, kw_only=True):
    """The version that the alias points at now, if any, and evaluations that scored it or the other, newest first."""

    current: str | None = None
    evaluations: list[EvidenceItem] = msgspec.field(default_factory=list)


class PromoteModelVersion(OfModelVersion, frozen=True, kw_only=True):
    """``POST models/{name}/versions/{version}/promote``: point ``alias`` at the version if the gate passes.

    ``score`` must be better than that of the version that the alias points at, shown at ``confidence`` by the
    evaluations ``evidence`` (ids of runs); ``not_worse`` bounds ratios of other scores, ``min_rows`` and
    ``max_missing`` say how many records must have scores. The first version to get the alias needs none of this.
    ``force`` moves the alias without evidence, or against it.
    """

    reason: Required
    alias: str = "champion"
    evidence: list[str] = msgspec.field(default_factory=list)
    score: str = ""
    confidence: float = 0.95
    not_worse: dict[str, float] = msgspec.field(default_factory=dict)
    min_rows: Int64 = 1
    max_missing: float = 0.05
    force: bool = False


class ModelLineageRequest(OfModelVersion, frozen=True, kw_only=True):
    """``GET models/{name}/versions/{version}/lineage``; at most ``max_results`` of each kind."""

    max_results: Int64 = 50
