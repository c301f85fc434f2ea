"""The table of who may call what: for each call the role that it needs, and on what. A call without a rule is refused.

Deleting, restoring and giving permissions need the role ``admin`` on the thing, as MANAGE does in MLflow; all other
changes ``editor``.
"""

from __future__ import annotations

from typing import Any

from quire.domain.errors import InvalidInput
from quire.domain.prompt_parts import part_names
from quire.server.auth.asking import Asking
from quire.server.auth.narrowing import (
    in_locations,
    of_experiments,
    of_versions,
    only_datasets,
    only_experiments,
    only_models,
)
from quire.server.auth.places import COMMENTED, Ref
from quire.server.auth.rule import Locate, Need, Refs, Rule, each, edits, field, manages, reads
from quire.server.auth.serving_rules import SERVING_RULES
from quire.server.prompt_views import template_of


def _query(kind: Any, *names: str) -> Locate:
    """What the first of these fields of the query names that is there; of one given twice the last counts."""

    def locate(asking: Asking) -> Refs:
        fields = dict(asking.request.query)
        return [Ref(kind, fields[name]) for name in names if fields.get(name)][:1]

    return locate


def _variable(kind: Any, name: str) -> Locate:
    """What a variable of the path names."""
    return lambda asking: [Ref(kind, asking.request.parameters[name])]


def _multipart(asking: Asking) -> Refs:
    message: Any = asking.message
    name = message.path.replace("\\", "/").split("/")[-1]
    return [Ref("path", "/".join(part for part in (message.artifact_path.strip("/"), name) if part))]


def _span_experiment(asking: Asking) -> Refs:
    return [Ref("experiment", asking.request.header(b"x-mlflow-experiment-id").strip() or "0")]


def _span_run(asking: Asking) -> Refs:
    run = asking.request.header(b"x-mlflow-run-id").strip()
    return [Ref("run", run)] if run else []


def _trace_experiment(asking: Asking) -> Refs:
    return [Ref("experiment", asking.message.trace.trace_info.experiment_id)]


def _trace_itself(asking: Asking) -> Refs:
    return [Ref("trace", asking.message.trace.trace_info.trace_id)]


def _used_models(asking: Asking) -> Refs:
    message: Any = asking.message
    return [Ref("logged_model", item.model_id) for item in message.models if item.model_id]


def _prompt_parts(asking: Asking) -> Refs:
    """The prompts that the template of a new version includes, whose text becomes a part of it."""
    try:
        template = template_of(asking.message)
    except InvalidInput:
        return []  # the call itself says what is wrong with it
    return [Ref("registered_model", name) for name in part_names(template)]


def _metric_models(asking: Asking) -> Refs:
    message: Any = asking.message
    return [Ref("logged_model", item) for item in {metric.model_id for metric in message.metrics} if item]


def _user_of_message(asking: Asking) -> bool:
    message: Any = asking.message
    return not message.username or message.username == asking.identity.name


_experiment = field("experiment", "experiment_id")
_run = field("run", "run")
_model = field("registered_model", "name")
_logged = field("logged_model", "model_id")
_trace = field("trace", "trace_id")
_older_trace = field("trace", "request_id")
_dataset = field("dataset", "dataset_id")
_path = _variable("path", "artifact_path")


def _permission_on(asking: Asking) -> Refs:
    message: Any = asking.message
    return [Ref(message.resource.kind, message.resource.key)]


OPEN = Rule(open=True)
SIGNED_IN = Rule()
ADMIN = Rule(admin=True)
ADMIN_IN_PERSON = Rule(admin=True, person=True)

_ML = "2.0/mlflow"
_ML3 = "3.0/mlflow"
_QUIRE = "quire/v1"

EXPERIMENT_RULES = {
    f"POST {_ML}/experiments/create": Rule(creates="experiment", outside=field("uri", "artifact_location")),
    f"GET {_ML}/experiments/get": reads(_experiment),
    f"GET {_ML}/experiments/get-by-name": reads(field("experiment_name", "experiment_name")),
    f"POST {_ML}/experiments/search": Rule(narrow=only_experiments),
    f"GET {_ML}/experiments/search": Rule(narrow=only_experiments),
    f"POST {_ML}/experiments/update": edits(_experiment),
    f"POST {_ML}/experiments/delete": manages(_experiment),
    f"POST {_ML}/experiments/restore": manages(_experiment),
    f"POST {_ML}/experiments/set-experiment-tag": edits(_experiment),
    f"POST {_ML}/experiments/delete-experiment-tag": edits(_experiment),
    f"POST {_ML}/experiments/search-datasets": reads(each("experiment", "experiment_ids")),
}

RUN_RULES = {
    f"POST {_ML}/runs/create": edits(_experiment),
    f"GET {_ML}/runs/get": reads(_run),
    f"POST {_ML}/runs/update": edits(_run),
    f"POST {_ML}/runs/delete": manages(_run),
    f"POST {_ML}/runs/restore": manages(_run),
    f"POST {_ML}/runs/log-metric": Rule(needs=(Need("editor", _run), Need("editor", _logged, optional=True))),
    f"POST {_ML}/runs/log-parameter": edits(_run),
    f"POST {_ML}/runs/set-tag": edits(_run),
    f"POST {_ML}/runs/delete-tag": edits(_run),
    f"POST {_ML}/runs/log-batch": Rule(needs=(Need("editor", _run), Need("editor", _metric_models, optional=True))),
    f"POST {_ML}/runs/log-inputs": Rule(needs=(Need("editor", _run), Need("reader", _used_models, optional=True))),
    f"POST {_ML}/runs/outputs": Rule(needs=(Need("editor", _run), Need("reader", _used_models, optional=True))),
    f"POST {_ML}/runs/log-model": edits(_run),
    f"POST {_ML}/runs/search": Rule(narrow=of_experiments),
    f"POST {_QUIRE}/runs/rows": Rule(narrow=of_experiments),
    f"POST {_QUIRE}/runs/columns": Rule(narrow=of_experiments),
    f"POST {_QUIRE}/runs/compare": reads(each("run", "run_ids")),
    f"GET {_ML}/metrics/get-history": reads(_run),
    f"GET {_ML}/metrics/get-history-bulk": reads(each("run", "run_id")),
    f"GET {_ML}/metrics/get-history-bulk-interval": reads(each("run", "run_ids")),
}

LOGGED_MODEL_RULES = {
    f"POST {_ML}/logged-models": Rule(
        needs=(Need("editor", _experiment), Need("reader", field("run", "source_run_id"), optional=True))
    ),
    f"GET {_ML}/logged-models/{{model_id}}": reads(_logged),
    f"PATCH {_ML}/logged-models/{{model_id}}": edits(_logged),
    f"DELETE {_ML}/logged-models/{{model_id}}": manages(_logged),
    f"PATCH {_ML}/logged-models/{{model_id}}/tags": edits(_logged),
    f"DELETE {_ML}/logged-models/{{model_id}}/tags/{{tag_key:path}}": edits(_logged),
    f"POST {_ML}/logged-models/{{model_id}}/params": edits(_logged),
    f"POST {_ML}/logged-models/search": Rule(narrow=of_experiments),
}

REGISTRY_RULES = {
    f"POST {_ML}/registered-models/create": Rule(creates="registered_model", of=_model),
    f"GET {_ML}/registered-models/get": reads(_model),
    f"POST {_ML}/registered-models/rename": edits(_model),
    f"PATCH {_ML}/registered-models/update": edits(_model),
    f"DELETE {_ML}/registered-models/delete": manages(_model),
    f"GET {_ML}/registered-models/search": Rule(narrow=only_models),
    f"POST {_ML}/registered-models/get-latest-versions": reads(_model),
    f"GET {_ML}/registered-models/get-latest-versions": reads(_model),
    f"POST {_ML}/registered-models/set-tag": edits(_model),
    f"DELETE {_ML}/registered-models/delete-tag": edits(_model),
    f"POST {_ML}/registered-models/alias": edits(_model),
    f"DELETE {_ML}/registered-models/alias": edits(_model),
    f"GET {_ML}/registered-models/alias": reads(_model),
    f"POST {_QUIRE}/registered-models/move-alias": edits(_model),
    f"GET {_QUIRE}/prompts": Rule(narrow=only_models),
    f"POST {_QUIRE}/prompts": Rule(
        creates="registered_model", of=_model, needs=(Need("reader", _prompt_parts, optional=True),)
    ),
    f"GET {_QUIRE}/prompts/{{name}}": reads(_model),
    f"GET {_QUIRE}/prompts/{{name}}/alias-events": reads(_model),
    f"GET {_QUIRE}/prompts/{{name}}/versions": reads(_model),
    f"POST {_QUIRE}/prompts/{{name}}/versions": Rule(
        needs=(Need("editor", _model), Need("reader", _prompt_parts, optional=True))
    ),
    f"GET {_QUIRE}/prompts/{{name}}/versions/{{version}}": reads(_model),
    f"GET {_QUIRE}/prompts/{{name}}/diff": reads(_model),
    f"GET {_QUIRE}/prompts/{{name}}/versions/{{version}}/blame": reads(_model),
    f"GET {_QUIRE}/prompts/{{name}}/versions/{{version}}/lineage": reads(_model),
    f"POST {_QUIRE}/prompts/{{name}}/move-alias": edits(_model),
    f"POST {_QUIRE}/prompts/{{name}}/roll-back-alias": edits(_model),
    f"GET {_QUIRE}/models/{{name}}/versions/{{version}}/package": reads(_model),
    f"GET {_QUIRE}/models/{{name}}/versions/{{version}}/files": reads(_model),
    f"GET {_QUIRE}/models/{{name}}/versions/{{version}}/bundle": reads(_variable("registered_model", "name")),
    f"GET {_QUIRE}/models/{{name}}/versions/{{version}}/lineage": reads(_model),
    f"GET {_QUIRE}/models/{{name}}/diff": reads(_model),
    f"GET {_QUIRE}/models/{{name}}/promotions": reads(_model),
    f"GET {_QUIRE}/models/{{name}}/versions/{{version}}/evidence": reads(_model),  # of evaluations that may be read
    f"POST {_QUIRE}/models/{{name}}/versions/{{version}}/promote": Rule(
        needs=(Need("editor", _model), Need("reader", each("run", "evidence")))
    ),
    f"POST {_QUIRE}/models/{{name}}/move-alias": edits(_model),
    f"POST {_QUIRE}/models/{{name}}/roll-back-alias": edits(_model),
    f"POST {_ML}/model-versions/create": Rule(
        needs=(
            Need("editor", _model),
            Need("reader", field("run", "run_id"), optional=True),
            Need("reader", _logged, optional=True),
            Need("reader", field("uri", "source"), optional=True),
        )
    ),
    f"GET {_ML}/model-versions/get": reads(_model),
    f"GET {_ML}/model-versions/get-download-uri": reads(_model),
    f"PATCH {_ML}/model-versions/update": edits(_model),
    f"POST {_ML}/model-versions/transition-stage": edits(_model),
    f"DELETE {_ML}/model-versions/delete": manages(_model),
    f"GET {_ML}/model-versions/search": Rule(narrow=of_versions),
    f"POST {_ML}/model-versions/set-tag": edits(_model),
    f"DELETE {_ML}/model-versions/delete-tag": edits(_model),
}

ARTIFACT_RULES = {
    f"GET {_ML}/artifacts/list": reads(_run),
    f"GET {_ML}/logged-models/{{model_id}}/artifacts/directories": reads(_logged),
    "GET /get-artifact": reads(_query("run", "run_uuid", "run_id")),
    "GET /model-versions/get-artifact": reads(_query("registered_model", "name")),
    f"GET {_ML}/logged-models/{{model_id}}/artifacts/files": reads(_variable("logged_model", "model_id")),
    f"POST {_ML}/upload-artifact": edits(_query("run", "run_uuid")),
    f"POST {_ML}/artifacts/presigned-upload-url": edits(field("run", "run_id"), _logged),
    f"POST {_ML}/artifacts/presigned-download-url": reads(_run),
    f"GET {_ML}-artifacts/artifacts": reads(lambda asking: [Ref("path", asking.message.path)]),
    f"GET {_ML}-artifacts/artifacts/{{artifact_path:path}}": reads(_path),
    f"PUT {_ML}-artifacts/artifacts/{{artifact_path:path}}": edits(_path),
    f"DELETE {_ML}-artifacts/artifacts/{{artifact_path:path}}": manages(_path),
    f"GET {_ML}-artifacts/presigned/{{artifact_path:path}}": reads(_path),
    f"POST {_ML}-artifacts/mpu/create/{{artifact_path:path}}": edits(_multipart),
    f"POST {_ML}-artifacts/mpu/complete/{{artifact_path:path}}": edits(_multipart),
    f"POST {_ML}-artifacts/mpu/abort/{{artifact_path:path}}": edits(_multipart),
}

TRACE_RULES = {
    "POST /v1/traces": edits(_span_experiment, _span_run),
    f"POST {_QUIRE}/traces/log": Rule(
        needs=(Need("editor", _experiment), Need("editor", each("trace", "trace_ids"), optional=True))
    ),
    f"POST {_QUIRE}/traces/usage": reads(each("experiment", "experiment_ids")),
    f"POST {_QUIRE}/traces/plan-pruning": reads(each("experiment", "experiment_ids")),
    f"GET {_QUIRE}/traces/{{trace_id}}/outline": reads(_trace),
    f"GET {_QUIRE}/traces/{{trace_id}}/spans/{{span_id}}": reads(_trace),
    f"GET {_QUIRE}/traces/export": reads(each("trace", "trace_ids"), each("experiment", "experiment_ids")),
    f"POST {_QUIRE}/traces/models": Rule(needs=(Need("reader", each("trace", "trace_ids"), optional=True),)),
    f"POST {_QUIRE}/traces/series": reads(each("experiment", "experiment_ids")),
    f"POST {_QUIRE}/traces/prune": manages(each("experiment", "experiment_ids")),
    f"POST {_ML3}/traces": Rule(
        needs=(Need("editor", _trace_experiment), Need("editor", _trace_itself, optional=True))
    ),
    f"GET {_ML3}/traces/get": reads(_query("trace", "trace_id")),
    f"GET {_ML3}/traces/batchGet": Rule(needs=(Need("reader", each("trace", "trace_ids"), optional=True),)),
    f"POST {_ML3}/traces/batchGetInfos": Rule(needs=(Need("reader", each("trace", "trace_ids"), optional=True),)),
    f"POST {_ML3}/traces/search": Rule(narrow=in_locations),
    f"GET {_ML3}/traces/{{trace_id}}": reads(_trace),
    f"PATCH {_ML3}/traces/{{trace_id}}/tags": edits(_trace),
    f"DELETE {_ML3}/traces/{{trace_id}}/tags": edits(_trace),
    f"POST {_ML3}/traces/delete-traces": manages(_experiment),
    f"POST {_ML3}/traces/link-to-run": Rule(
        needs=(Need("editor", field("run", "run_id")), Need("editor", each("trace", "trace_ids"), optional=True))
    ),
    f"POST {_ML3}/traces/link-prompts": edits(_trace),
    "GET /ajax-api/2.0/mlflow/get-trace-artifact": reads(_older_trace),
    f"POST {_ML}/traces": edits(_experiment),
    f"PATCH {_ML}/traces/{{request_id}}": edits(_older_trace),
    f"GET {_ML}/traces/{{request_id}}/info": reads(_older_trace),
    f"GET {_ML}/traces": Rule(narrow=of_experiments),
    # A trace may be that of an answer, and come later than what is said of it.
    f"POST {_ML3}/traces/{{trace_id}}/assessments": edits(field("answer", "trace_id")),
    f"GET {_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}": reads(_trace),
    f"PATCH {_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}": edits(_trace),
    f"DELETE {_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}": edits(_trace),
}

_both = each("experiment", "experiment_ids")
DATASET_RULES = {
    f"POST {_ML3}/datasets/create": Rule(creates="experiment", needs=(Need("editor", _both),)),
    f"POST {_ML3}/datasets/search": Rule(narrow=only_datasets),
    f"GET {_ML3}/datasets/search": Rule(narrow=only_datasets),
    f"GET {_ML3}/datasets/{{dataset_id}}": reads(_dataset),
    f"DELETE {_ML3}/datasets/{{dataset_id}}": manages(_dataset),
    f"PATCH {_ML3}/datasets/{{dataset_id}}/tags": edits(_dataset),
    f"DELETE {_ML3}/datasets/{{dataset_id}}/tags/{{key:path}}": edits(_dataset),
    f"POST {_ML3}/datasets/{{dataset_id}}/records": edits(_dataset),
    f"GET {_ML3}/datasets/{{dataset_id}}/records": reads(_dataset),
    f"DELETE {_ML3}/datasets/{{dataset_id}}/records": edits(_dataset),
    f"GET {_ML3}/datasets/{{dataset_id}}/experiment-ids": reads(_dataset),
    f"POST {_ML3}/datasets/{{dataset_id}}/add-experiments": edits(_dataset, _both),
    f"POST {_ML3}/datasets/{{dataset_id}}/remove-experiments": edits(_dataset, _both),
    f"POST {_QUIRE}/datasets/{{dataset_id}}/traces": Rule(
        needs=(Need("editor", _dataset), Need("reader", each("trace", "trace_ids"), optional=True))
    ),
    f"POST {_QUIRE}/datasets/{{dataset_id}}/versions": edits(_dataset),
    f"GET {_QUIRE}/datasets/{{dataset_id}}/versions": reads(_dataset),
    f"GET {_QUIRE}/datasets/{{dataset_id}}/versions/{{version}}": reads(_dataset),
    f"GET {_QUIRE}/datasets/{{dataset_id}}/versions/{{version}}/records": reads(_dataset),
}

_evaluation = reads(field("run", "run_id"))
_two_evaluations = reads(field("run", "run_id"), field("run", "a_run"))
EVALUATION_RULES = {
    f"GET {_QUIRE}/evaluations": Rule(narrow=of_experiments),  # without any, the call looks in what may be read
    f"GET {_QUIRE}/evaluations/{{run_id}}": _evaluation,
    f"GET {_QUIRE}/evaluations/{{run_id}}/comparison": _two_evaluations,
    f"GET {_QUIRE}/evaluations/{{run_id}}/ranking": _evaluation,
    f"GET {_QUIRE}/evaluations/{{run_id}}/distribution": _two_evaluations,
    f"GET {_QUIRE}/evaluations/{{run_id}}/agreement": _evaluation,
    f"GET {_QUIRE}/evaluations/{{run_id}}/rows": _two_evaluations,
    f"GET {_QUIRE}/evaluations/{{run_id}}/rows/{{index}}": _two_evaluations,
    f"POST {_QUIRE}/evaluations/{{run_id}}/promote": Rule(
        needs=(Need("editor", _model), Need("reader", field("run", "run_id")))
    ),
    f"POST {_QUIRE}/evaluations/{{run_id}}/rate": edits(field("run", "run_id"), field("trace", "trace_id")),
}


def _subject(asking: Asking) -> Refs:
    """What a comment is about; a kind that is none is refused by the call itself."""
    message: Any = asking.message
    kind = COMMENTED.get(message.subject_kind)
    return [] if kind is None else [Ref(kind, message.subject_id)]


_comment = field("comment", "comment_id")
COMMENT_RULES = {
    f"GET {_QUIRE}/comments": reads(_subject),
    f"POST {_QUIRE}/comments": reads(_subject),
    f"GET {_QUIRE}/comments/{{comment_id}}": reads(_comment),
    f"PATCH {_QUIRE}/comments/{{comment_id}}": reads(_comment),
    f"DELETE {_QUIRE}/comments/{{comment_id}}": reads(_comment),
    f"GET {_QUIRE}/mentions": SIGNED_IN,
    f"GET {_QUIRE}/changes": SIGNED_IN,  # each part is what they may read
    f"GET {_QUIRE}/people": SIGNED_IN,
}


def _place_of_review(asking: Asking) -> Refs:
    """Where a new queue belongs: to the experiment of its evaluation, else to the one that is named."""
    message: Any = asking.message
    return [Ref("run", message.run_id)] if message.run_id else [Ref("experiment", message.experiment_id or "0")]


_queue = field("run", "queue_id")
REVIEW_RULES = {
    f"GET {_QUIRE}/reviews": Rule(narrow=of_experiments),  # without any, the call looks in what may be read
    f"POST {_QUIRE}/reviews": Rule(
        needs=(Need("editor", _place_of_review), Need("reader", each("trace", "trace_ids")))
    ),
    f"GET {_QUIRE}/reviews/{{queue_id}}": reads(_queue),
    f"POST {_QUIRE}/reviews/{{queue_id}}/items": Rule(
        needs=(Need("editor", _queue), Need("reader", each("trace", "trace_ids")))
    ),
    f"POST {_QUIRE}/reviews/{{queue_id}}/next": edits(_queue),
    f"POST {_QUIRE}/reviews/{{queue_id}}/close": edits(_queue),
    f"POST {_QUIRE}/reviews/{{queue_id}}/reopen": edits(_queue),
    f"GET {_QUIRE}/reviews/{{queue_id}}/items/{{item_id}}": reads(_queue),
    f"POST {_QUIRE}/reviews/{{queue_id}}/items/{{item_id}}/answer": edits(_queue),
    f"POST {_QUIRE}/reviews/{{queue_id}}/undo": edits(_queue),
    f"GET {_QUIRE}/reviews/{{queue_id}}/agreement": reads(_queue),
}

SERVER_RULES = {
    "GET /health": OPEN,
    "GET /version": OPEN,
    "GET /metrics": SIGNED_IN,
    f"GET {_ML3}/server-info": SIGNED_IN,
    f"GET {_QUIRE}/events": SIGNED_IN,
}

_self_or_admin = Rule(admin=True, own=_user_of_message)
_self_or_admin_in_person = Rule(admin=True, own=_user_of_message, person=True)
ACCESS_RULES = {
    f"POST {_ML}/users/create": ADMIN_IN_PERSON,
    f"GET {_ML}/users/get": _self_or_admin,
    f"GET {_ML}/users/list": ADMIN,
    f"GET {_ML}/users/current": SIGNED_IN,
    f"PATCH {_ML}/users/update-password": _self_or_admin_in_person,
    f"PATCH {_ML}/users/update-admin": ADMIN_IN_PERSON,
    f"DELETE {_ML}/users/delete": ADMIN_IN_PERSON,
    f"GET {_ML3}/users/permissions/list": _self_or_admin,
    f"GET {_ML3}/users/permissions/get": _self_or_admin,
    f"POST {_ML3}/users/permissions/grant": manages(_permission_on),
    f"POST {_ML3}/users/permissions/revoke": manages(_permission_on),
    **{
        f"{method} {_ML}/{kind}/permissions/{verb}": manages(_permission_on)
        for kind in ("experiments", "registered-models")
        for method, verb in (("POST", "create"), ("GET", "get"), ("PATCH", "update"), ("DELETE", "delete"))
    },
    f"PATCH {_QUIRE}/users/{{username}}": ADMIN_IN_PERSON,
    f"GET {_QUIRE}/whoami": SIGNED_IN,
    f"GET {_QUIRE}/tokens": _self_or_admin,
    f"POST {_QUIRE}/tokens": _self_or_admin_in_person,
    f"DELETE {_QUIRE}/tokens/{{token_id}}": SIGNED_IN,
    f"GET {_QUIRE}/audit": ADMIN,
    f"GET {_QUIRE}/me": SIGNED_IN,
    f"GET {_QUIRE}/sign-in": OPEN,
    f"POST {_QUIRE}/login": OPEN,
    f"GET {_QUIRE}/login": OPEN,
    f"GET {_QUIRE}/login/callback": OPEN,
    f"POST {_QUIRE}/logout": OPEN,
}

RULES: dict[str, Rule] = {
    **EXPERIMENT_RULES,
    **RUN_RULES,
    **LOGGED_MODEL_RULES,
    **REGISTRY_RULES,
    **ARTIFACT_RULES,
    **TRACE_RULES,
    **DATASET_RULES,
    **EVALUATION_RULES,
    **REVIEW_RULES,
    **SERVING_RULES,
    **COMMENT_RULES,
    **SERVER_RULES,
    **ACCESS_RULES,
}
