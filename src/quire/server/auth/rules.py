"""The table of who may call what: for each call the role that it needs, and on what. A call without a rule is refused.

Deleting, restoring and giving permissions need the role ``admin`` on the thing, as MANAGE does in MLflow; all other
changes ``editor``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from quire.domain.access import Identity, Kind, Role
from quire.server.auth.asking import Asking
from quire.server.auth.narrowing import (
    in_locations,
    of_experiments,
    of_versions,
    only_datasets,
    only_experiments,
    only_models,
)
from quire.server.auth.places import Ref
from quire.server.calls import AnyCall

Refs = Iterable[Ref]
Locate = Callable[[Asking], Refs]
Narrow = Callable[[Identity, Any], Any]


class Need(msgspec.Struct, frozen=True):
    """A role that is needed on everything that ``of`` finds. What is ``optional`` and does not exist is no matter."""

    role: Role
    of: Locate
    optional: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may make a call.

    ``open`` to everybody, else to who signed in. They need the roles in ``needs``; to administer the server
    (``admin``), unless they ask about themselves (``own``); to have signed in without a token (``person``); to be
    allowed to make a new thing (``creates``), whose files, if ``outside`` names a place, only an admin may have the
    server keep where others' are.
    ``narrow`` gives the message that asks for no more than they may read: nothing is taken out of an answer
    afterwards, which its page token would still tell of. ``of`` finds what the call is about, if the first need does
    not.
    """

    open: bool = False
    needs: tuple[Need, ...] = ()
    admin: bool = False
    person: bool = False
    creates: Kind | None = None
    narrow: Narrow | None = None
    outside: Locate | None = None
    own: Callable[[Asking], bool] | None = None
    of: Locate | None = None

    @property
    def subject(self) -> Locate | None:
        """What the call is about, for the audit log."""
        return self.of or (self.needs[0].of if self.needs else None)


def route_of(call: AnyCall) -> str:
    """How a call is named in the table: its method, and its first path without ``/api/``."""
    return f"{call.method} {call.paths[0].removeprefix('/api/')}"


def _field(kind: Any, name: str) -> Locate:
    """What a field of the message names; nothing if it is empty."""

    def locate(asking: Asking) -> Refs:
        value = getattr(asking.message, name)
        return [Ref(kind, value)] if value else []

    return locate


def _each(kind: Any, name: str) -> Locate:
    """What each item of a field names."""
    return lambda asking: [Ref(kind, item) for item in dict.fromkeys(getattr(asking.message, name) or ())]


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


def _metric_models(asking: Asking) -> Refs:
    message: Any = asking.message
    return [Ref("logged_model", item) for item in {metric.model_id for metric in message.metrics} if item]


def _user_of_message(asking: Asking) -> bool:
    message: Any = asking.message
    return not message.username or message.username == asking.identity.name


_experiment = _field("experiment", "experiment_id")
_run = _field("run", "run")
_model = _field("registered_model", "name")
_logged = _field("logged_model", "model_id")
_trace = _field("trace", "trace_id")
_older_trace = _field("trace", "request_id")
_dataset = _field("dataset", "dataset_id")
_path = _variable("path", "artifact_path")


def _reads(*of: Locate) -> Rule:
    return Rule(needs=tuple(Need("reader", locate) for locate in of))


def _edits(*of: Locate) -> Rule:
    return Rule(needs=tuple(Need("editor", locate) for locate in of))


def _manages(*of: Locate) -> Rule:
    return Rule(needs=tuple(Need("admin", locate) for locate in of))


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
    f"POST {_ML}/experiments/create": Rule(creates="experiment", outside=_field("uri", "artifact_location")),
    f"GET {_ML}/experiments/get": _reads(_experiment),
    f"GET {_ML}/experiments/get-by-name": _reads(_field("experiment_name", "experiment_name")),
    f"POST {_ML}/experiments/search": Rule(narrow=only_experiments),
    f"GET {_ML}/experiments/search": Rule(narrow=only_experiments),
    f"POST {_ML}/experiments/update": _edits(_experiment),
    f"POST {_ML}/experiments/delete": _manages(_experiment),
    f"POST {_ML}/experiments/restore": _manages(_experiment),
    f"POST {_ML}/experiments/set-experiment-tag": _edits(_experiment),
    f"POST {_ML}/experiments/delete-experiment-tag": _edits(_experiment),
    f"POST {_ML}/experiments/search-datasets": _reads(_each("experiment", "experiment_ids")),
}

RUN_RULES = {
    f"POST {_ML}/runs/create": _edits(_experiment),
    f"GET {_ML}/runs/get": _reads(_run),
    f"POST {_ML}/runs/update": _edits(_run),
    f"POST {_ML}/runs/delete": _manages(_run),
    f"POST {_ML}/runs/restore": _manages(_run),
    f"POST {_ML}/runs/log-metric": Rule(needs=(Need("editor", _run), Need("editor", _logged, optional=True))),
    f"POST {_ML}/runs/log-parameter": _edits(_run),
    f"POST {_ML}/runs/set-tag": _edits(_run),
    f"POST {_ML}/runs/delete-tag": _edits(_run),
    f"POST {_ML}/runs/log-batch": Rule(needs=(Need("editor", _run), Need("editor", _metric_models, optional=True))),
    f"POST {_ML}/runs/log-inputs": Rule(needs=(Need("editor", _run), Need("reader", _used_models, optional=True))),
    f"POST {_ML}/runs/outputs": Rule(needs=(Need("editor", _run), Need("reader", _used_models, optional=True))),
    f"POST {_ML}/runs/log-model": _edits(_run),
    f"POST {_ML}/runs/search": Rule(narrow=of_experiments),
    f"GET {_ML}/metrics/get-history": _reads(_run),
    f"GET {_ML}/metrics/get-history-bulk": _reads(_each("run", "run_id")),
    f"GET {_ML}/metrics/get-history-bulk-interval": _reads(_each("run", "run_ids")),
}

LOGGED_MODEL_RULES = {
    f"POST {_ML}/logged-models": Rule(
        needs=(Need("editor", _experiment), Need("reader", _field("run", "source_run_id"), optional=True))
    ),
    f"GET {_ML}/logged-models/{{model_id}}": _reads(_logged),
    f"PATCH {_ML}/logged-models/{{model_id}}": _edits(_logged),
    f"DELETE {_ML}/logged-models/{{model_id}}": _manages(_logged),
    f"PATCH {_ML}/logged-models/{{model_id}}/tags": _edits(_logged),
    f"DELETE {_ML}/logged-models/{{model_id}}/tags/{{tag_key:path}}": _edits(_logged),
    f"POST {_ML}/logged-models/{{model_id}}/params": _edits(_logged),
    f"POST {_ML}/logged-models/search": Rule(narrow=of_experiments),
}

REGISTRY_RULES = {
    f"POST {_ML}/registered-models/create": Rule(creates="registered_model", of=_model),
    f"GET {_ML}/registered-models/get": _reads(_model),
    f"POST {_ML}/registered-models/rename": _edits(_model),
    f"PATCH {_ML}/registered-models/update": _edits(_model),
    f"DELETE {_ML}/registered-models/delete": _manages(_model),
    f"GET {_ML}/registered-models/search": Rule(narrow=only_models),
    f"POST {_ML}/registered-models/get-latest-versions": _reads(_model),
    f"GET {_ML}/registered-models/get-latest-versions": _reads(_model),
    f"POST {_ML}/registered-models/set-tag": _edits(_model),
    f"DELETE {_ML}/registered-models/delete-tag": _edits(_model),
    f"POST {_ML}/registered-models/alias": _edits(_model),
    f"DELETE {_ML}/registered-models/alias": _edits(_model),
    f"GET {_ML}/registered-models/alias": _reads(_model),
    f"POST {_QUIRE}/registered-models/move-alias": _edits(_model),
    f"POST {_ML}/model-versions/create": Rule(
        needs=(
            Need("editor", _model),
            Need("reader", _field("run", "run_id"), optional=True),
            Need("reader", _logged, optional=True),
            Need("reader", _field("uri", "source"), optional=True),
        )
    ),
    f"GET {_ML}/model-versions/get": _reads(_model),
    f"GET {_ML}/model-versions/get-download-uri": _reads(_model),
    f"PATCH {_ML}/model-versions/update": _edits(_model),
    f"POST {_ML}/model-versions/transition-stage": _edits(_model),
    f"DELETE {_ML}/model-versions/delete": _manages(_model),
    f"GET {_ML}/model-versions/search": Rule(narrow=of_versions),
    f"POST {_ML}/model-versions/set-tag": _edits(_model),
    f"DELETE {_ML}/model-versions/delete-tag": _edits(_model),
}

ARTIFACT_RULES = {
    f"GET {_ML}/artifacts/list": _reads(_run),
    f"GET {_ML}/logged-models/{{model_id}}/artifacts/directories": _reads(_logged),
    "GET /get-artifact": _reads(_query("run", "run_uuid", "run_id")),
    "GET /model-versions/get-artifact": _reads(_query("registered_model", "name")),
    f"GET {_ML}/logged-models/{{model_id}}/artifacts/files": _reads(_variable("logged_model", "model_id")),
    f"POST {_ML}/upload-artifact": _edits(_query("run", "run_uuid")),
    f"POST {_ML}/artifacts/presigned-upload-url": _edits(_field("run", "run_id"), _logged),
    f"POST {_ML}/artifacts/presigned-download-url": _reads(_run),
    f"GET {_ML}-artifacts/artifacts": _reads(lambda asking: [Ref("path", asking.message.path)]),
    f"GET {_ML}-artifacts/artifacts/{{artifact_path:path}}": _reads(_path),
    f"PUT {_ML}-artifacts/artifacts/{{artifact_path:path}}": _edits(_path),
    f"DELETE {_ML}-artifacts/artifacts/{{artifact_path:path}}": _manages(_path),
    f"GET {_ML}-artifacts/presigned/{{artifact_path:path}}": _reads(_path),
    f"POST {_ML}-artifacts/mpu/create/{{artifact_path:path}}": _edits(_multipart),
    f"POST {_ML}-artifacts/mpu/complete/{{artifact_path:path}}": _edits(_multipart),
    f"POST {_ML}-artifacts/mpu/abort/{{artifact_path:path}}": _edits(_multipart),
}

TRACE_RULES = {
    "POST /v1/traces": _edits(_span_experiment, _span_run),
    f"POST {_QUIRE}/traces/log": Rule(
        needs=(Need("editor", _experiment), Need("editor", _each("trace", "trace_ids"), optional=True))
    ),
    f"POST {_QUIRE}/traces/usage": _reads(_each("experiment", "experiment_ids")),
    f"POST {_QUIRE}/traces/plan-pruning": _reads(_each("experiment", "experiment_ids")),
    f"POST {_ML3}/traces": Rule(
        needs=(Need("editor", _trace_experiment), Need("editor", _trace_itself, optional=True))
    ),
    f"GET {_ML3}/traces/get": _reads(_query("trace", "trace_id")),
    f"GET {_ML3}/traces/batchGet": Rule(needs=(Need("reader", _each("trace", "trace_ids"), optional=True),)),
    f"POST {_ML3}/traces/batchGetInfos": Rule(needs=(Need("reader", _each("trace", "trace_ids"), optional=True),)),
    f"POST {_ML3}/traces/search": Rule(narrow=in_locations),
    f"GET {_ML3}/traces/{{trace_id}}": _reads(_trace),
    f"PATCH {_ML3}/traces/{{trace_id}}/tags": _edits(_trace),
    f"DELETE {_ML3}/traces/{{trace_id}}/tags": _edits(_trace),
    f"POST {_ML3}/traces/delete-traces": _manages(_experiment),
    f"POST {_ML3}/traces/link-to-run": Rule(
        needs=(Need("editor", _field("run", "run_id")), Need("editor", _each("trace", "trace_ids"), optional=True))
    ),
    f"POST {_ML3}/traces/link-prompts": _edits(_trace),
    "GET /ajax-api/2.0/mlflow/get-trace-artifact": _reads(_older_trace),
    f"POST {_ML}/traces": _edits(_experiment),
    f"PATCH {_ML}/traces/{{request_id}}": _edits(_older_trace),
    f"GET {_ML}/traces/{{request_id}}/info": _reads(_older_trace),
    f"GET {_ML}/traces": Rule(narrow=of_experiments),
    f"POST {_ML3}/traces/{{trace_id}}/assessments": _edits(_trace),
    f"GET {_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}": _reads(_trace),
    f"PATCH {_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}": _edits(_trace),
    f"DELETE {_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}": _edits(_trace),
}

_both = _each("experiment", "experiment_ids")
DATASET_RULES = {
    f"POST {_ML3}/datasets/create": Rule(creates="experiment", needs=(Need("editor", _both),)),
    f"POST {_ML3}/datasets/search": Rule(narrow=only_datasets),
    f"GET {_ML3}/datasets/search": Rule(narrow=only_datasets),
    f"GET {_ML3}/datasets/{{dataset_id}}": _reads(_dataset),
    f"DELETE {_ML3}/datasets/{{dataset_id}}": _manages(_dataset),
    f"PATCH {_ML3}/datasets/{{dataset_id}}/tags": _edits(_dataset),
    f"DELETE {_ML3}/datasets/{{dataset_id}}/tags/{{key:path}}": _edits(_dataset),
    f"POST {_ML3}/datasets/{{dataset_id}}/records": _edits(_dataset),
    f"GET {_ML3}/datasets/{{dataset_id}}/records": _reads(_dataset),
    f"DELETE {_ML3}/datasets/{{dataset_id}}/records": _edits(_dataset),
    f"GET {_ML3}/datasets/{{dataset_id}}/experiment-ids": _reads(_dataset),
    f"POST {_ML3}/datasets/{{dataset_id}}/add-experiments": _edits(_dataset, _both),
    f"POST {_ML3}/datasets/{{dataset_id}}/remove-experiments": _edits(_dataset, _both),
    f"POST {_QUIRE}/datasets/{{dataset_id}}/versions": _edits(_dataset),
    f"GET {_QUIRE}/datasets/{{dataset_id}}/versions": _reads(_dataset),
    f"GET {_QUIRE}/datasets/{{dataset_id}}/versions/{{version}}": _reads(_dataset),
    f"GET {_QUIRE}/datasets/{{dataset_id}}/versions/{{version}}/records": _reads(_dataset),
}

SERVER_RULES = {
    "GET /health": OPEN,
    "GET /version": OPEN,
    "GET /metrics": SIGNED_IN,
    f"GET {_ML3}/server-info": SIGNED_IN,
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
    f"POST {_ML3}/users/permissions/grant": _manages(_permission_on),
    f"POST {_ML3}/users/permissions/revoke": _manages(_permission_on),
    **{
        f"{method} {_ML}/{kind}/permissions/{verb}": _manages(_permission_on)
        for kind in ("experiments", "registered-models")
        for method, verb in (("POST", "create"), ("GET", "get"), ("PATCH", "update"), ("DELETE", "delete"))
    },
    f"PATCH {_QUIRE}/users/{{username}}": ADMIN_IN_PERSON,
    f"GET {_QUIRE}/whoami": SIGNED_IN,
    f"GET {_QUIRE}/tokens": _self_or_admin,
    f"POST {_QUIRE}/tokens": _self_or_admin_in_person,
    f"DELETE {_QUIRE}/tokens/{{token_id}}": SIGNED_IN,
    f"GET {_QUIRE}/audit": ADMIN,
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
    **SERVER_RULES,
    **ACCESS_RULES,
}
