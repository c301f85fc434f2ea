"""The audit log: what each call that changes something changes, read before it and stored with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from quire.domain.access import Resource
from quire.domain.errors import QuireError
from quire.domain.protojson import encode
from quire.domain.redaction import REDACTED, names_secret
from quire.server.auth.asking import Asking
from quire.server.auth.rule import Rule, route_of
from quire.server.auth.rules import RULES
from quire.server.calls import Call
from quire.server.context import Context
from quire.store.access import AccessStore, Change, access_of
from quire.store.serving import serving_of

_MOST = 4000
_LONGEST = 500
_MOST_ITEMS = 20
_LOGGING = {
    "POST 2.0/mlflow/runs/log-metric",
    "POST 2.0/mlflow/runs/log-parameter",
    "POST 2.0/mlflow/runs/log-batch",
    "POST /v1/traces",
    "POST quire/v1/served",
    "POST quire/v1/outcomes",
    "POST quire/v1/trials/{trial_id}/drop-outcomes",
}
"""Calls that only add measurements, which the things themselves keep."""
Before = Callable[[Context, Any], Any]


def _experiment(context: Context, message: Any) -> Any:
    found = context.store.get_experiment(message.experiment_id)
    return {"name": found.name, "lifecycle_stage": found.lifecycle_stage}


def _experiment_tag(context: Context, message: Any) -> Any:
    return _tag(context.store.get_experiment(message.experiment_id).tags, message.key)


def _run(context: Context, message: Any) -> Any:
    info = context.store.get_run(message.run).info
    return {
        "run_name": info.run_name,
        "status": info.status,
        "end_time": info.end_time,
        "lifecycle_stage": info.lifecycle_stage,
    }


def _run_tag(context: Context, message: Any) -> Any:
    return _tag(context.store.get_run(message.run).data.tags, message.key)


def _run_tags(context: Context, message: Any) -> Any:
    if not message.tags:
        return None
    tags = context.store.get_run(message.run).data.tags
    return {"tags": {item.key: tags[item.key] for item in message.tags if item.key in tags}}


def _logged_model(context: Context, message: Any) -> Any:
    found = context.store.get_logged_model(message.model_id)
    return {"name": found.info.name, "status": found.info.status}


def _logged_model_tags(context: Context, message: Any) -> Any:
    keys = [item.key for item in message.tags] if hasattr(message, "tags") else [message.tag_key]
    tags = context.store.get_logged_model(message.model_id).tags
    return {"tags": {key: tags[key] for key in keys if key in tags}}


def _registered_model(context: Context, message: Any) -> Any:
    found = context.registry.get_registered_model(message.name)
    aliases = {item.alias: item.version for item in found.alias_list}
    return {"name": found.name, "description": found.description, "aliases": aliases}


def _registered_model_tag(context: Context, message: Any) -> Any:
    return _tag(context.registry.get_registered_model(message.name).tags, message.key)


def _alias(context: Context, message: Any) -> Any:
    found = context.registry.get_registered_model(message.name)
    return {item.alias: item.version for item in found.alias_list if item.alias == message.alias}


def _version(context: Context, message: Any) -> Any:
    found = context.registry.get_model_version(message.name, message.version)
    return {"description": found.description, "stage": found.current_stage, "source": found.source}


def _version_tag(context: Context, message: Any) -> Any:
    return _tag(context.registry.get_model_version(message.name, message.version).tags, message.key)


def _trace_tag(context: Context, message: Any) -> Any:
    return _tag(context.store.get_trace_info(message.trace_id).tags, message.key)


def _assessment(context: Context, message: Any) -> Any:
    return context.store.get_assessment(message.trace_id, message.assessment_id)


def _dataset(context: Context, message: Any) -> Any:
    found = context.store.get_dataset(message.dataset_id)
    return {"name": found.name, "tags": found.tags, "experiment_ids": found.experiment_ids}


def _endpoint(context: Context, message: Any) -> Any:
    return serving_of(context.store).get_endpoint(message.name)


def _trial(context: Context, message: Any) -> Any:
    found = serving_of(context.store).get_trial(message.trial_id)
    return {
        "state": found.state,
        "revision": found.revision,
        "phases": found.phases[-1:],
        "added": found.added,
        "removed": found.removed,
        "decision": found.decision,
    }


def _role_of_user(context: Context, message: Any) -> Any:
    return {"role": access_of(context.store).get_user(message.username).role}


def _permission(context: Context, message: Any) -> Any:
    return {"role": access_of(context.store).get_permission(message.username, message.resource).role}


def _tag(tags: Mapping[str, Any], key: str) -> Any:
    return {key: tags[key]} if key in tags else None


_ML, _ML3, _QUIRE = "2.0/mlflow", "3.0/mlflow", "quire/v1"
_ASSESSMENT = f"{_ML3}/traces/{{trace_id}}/assessments/{{assessment_id}}"
BEFORE: dict[str, Before] = {
    **{f"POST {_ML}/experiments/{verb}": _experiment for verb in ("update", "delete", "restore")},
    **{f"POST {_ML}/experiments/{verb}-experiment-tag": _experiment_tag for verb in ("set", "delete")},
    **{f"POST {_ML}/runs/{verb}": _run for verb in ("update", "delete", "restore")},
    **{f"POST {_ML}/runs/{verb}-tag": _run_tag for verb in ("set", "delete")},
    f"POST {_ML}/runs/log-batch": _run_tags,
    **{f"{method} {_ML}/logged-models/{{model_id}}": _logged_model for method in ("PATCH", "DELETE")},
    f"PATCH {_ML}/logged-models/{{model_id}}/tags": _logged_model_tags,
    f"DELETE {_ML}/logged-models/{{model_id}}/tags/{{tag_key:path}}": _logged_model_tags,
    f"POST {_ML}/registered-models/rename": _registered_model,
    f"PATCH {_ML}/registered-models/update": _registered_model,
    f"DELETE {_ML}/registered-models/delete": _registered_model,
    f"POST {_ML}/registered-models/set-tag": _registered_model_tag,
    f"DELETE {_ML}/registered-models/delete-tag": _registered_model_tag,
    **{f"{method} {_ML}/registered-models/alias": _alias for method in ("POST", "DELETE")},
    f"POST {_QUIRE}/registered-models/move-alias": _alias,
    f"POST {_QUIRE}/models/{{name}}/versions/{{version}}/promote": _alias,
    f"PATCH {_ML}/model-versions/update": _version,
    f"POST {_ML}/model-versions/transition-stage": _version,
    f"DELETE {_ML}/model-versions/delete": _version,
    f"POST {_ML}/model-versions/set-tag": _version_tag,
    f"DELETE {_ML}/model-versions/delete-tag": _version_tag,
    **{f"{method} {_ML3}/traces/{{trace_id}}/tags": _trace_tag for method in ("PATCH", "DELETE")},
    **{f"{method} {_ASSESSMENT}": _assessment for method in ("PATCH", "DELETE")},
    f"DELETE {_ML3}/datasets/{{dataset_id}}": _dataset,
    f"PATCH {_ML3}/datasets/{{dataset_id}}/tags": _dataset,
    f"DELETE {_ML3}/datasets/{{dataset_id}}/tags/{{key:path}}": _dataset,
    f"POST {_ML3}/datasets/{{dataset_id}}/add-experiments": _dataset,
    f"POST {_ML3}/datasets/{{dataset_id}}/remove-experiments": _dataset,
    **{f"{method} {_QUIRE}/endpoints/{{name}}": _endpoint for method in ("PUT", "DELETE")},
    f"PUT {_QUIRE}/trials/{{trial_id}}": _trial,
    f"PATCH {_QUIRE}/users/{{username}}": _role_of_user,
    f"PATCH {_ML}/users/update-admin": _role_of_user,
    f"DELETE {_ML}/users/delete": _role_of_user,
    **{f"POST {_ML3}/users/permissions/{verb}": _permission for verb in ("grant", "revoke")},
    **{
        f"POST {_QUIRE}/trials/{{trial_id}}/{verb}": _trial
        for verb in ("pause", "resume", "stop", "promote", "add-arm", "remove-arm")
    },
}
"""How what a call changes is read before it. Calls that only add have none."""


class Changes:
    """Stores an entry with each change."""

    def __init__(self, context: Context, access: AccessStore, *, logging: bool) -> None:
        self._context, self._access, self._logging = context, access, logging

    def wanted(self, route: str) -> bool:
        """Whether a call is in the log."""
        return self._logging or route not in _LOGGING

    def recorded(self, asking: Asking, run: Callable[[], Any]) -> Callable[[], Any]:
        """What runs a call that changes something, with its entry and what follows from it: all of it or nothing.

        A change of artifacts is no part of a transaction; its entry follows it, and no lock is held meanwhile.
        """
        route = route_of(asking.call)

        def work() -> Any:
            before = self._before(route, asking.message)
            answer = run()
            self._follow(asking, route, before, answer)
            if self.wanted(route):
                self._access.append_change(self.change(asking, before=before, answer=answer))
            return answer

        of_files = isinstance(asking.call, Call) and asking.call.reads == "files"
        return work if of_files else lambda: self._access.all_or_nothing(work)

    def streamed(self, asking: Asking) -> Callable[[], None]:
        """What stores the entry of a call that streams."""
        length = asking.request.length
        after = {"query": dict(asking.request.query), "bytes": length if length is not None else "unknown"}
        entry = self.change(asking, after=after)
        return lambda: self._access.append_change(entry)

    def _before(self, route: str, message: Any) -> Any:
        read = BEFORE.get(route)
        try:
            return None if read is None else read(self._context, message)
        except QuireError:
            return None  # the call itself says what is wrong

    def _follow(self, asking: Asking, route: str, before: Any, answer: Any) -> None:
        """Who makes a thing is its admin; roles follow a new name, and end with the thing."""
        access, message, name = self._access, asking.message, asking.identity.name
        match route:
            case "POST 2.0/mlflow/experiments/create":
                access.set_permission(name, Resource("experiment", answer.experiment_id), "admin")
            case "POST 2.0/mlflow/registered-models/create":
                access.set_permission(name, Resource("registered_model", message.name), "admin")
            case "POST 2.0/mlflow/registered-models/rename":
                access.rename_resource(Resource("registered_model", message.name), message.new_name)
            case "DELETE 2.0/mlflow/registered-models/delete":
                access.forget_resource(Resource("registered_model", message.name))
            case "PUT quire/v1/endpoints/{name}" if before is None:
                access.set_permission(name, Resource("endpoint", message.name), "admin")
            case "DELETE quire/v1/endpoints/{name}":
                access.forget_resource(Resource("endpoint", message.name))

    def change(self, asking: Asking, *, before: Any = None, answer: Any = None, after: Any = None) -> Change:
        """The entry of a change."""
        call, identity = asking.call, asking.identity
        return Change(
            username=identity.name,
            token_id=identity.token_id,
            address=asking.address,
            action=call.name,
            route=f"{call.method} {call.paths[0]}",
            entity=_entity(asking, answer),
            before=small(before),
            after=small(asking.message if after is None else after),
            request_id=asking.request_id,
        )


def _entity(asking: Asking, answer: Any) -> str:
    """What a change is about: the thing named, or the one that was made."""
    if isinstance(answer, msgspec.Struct) and "experiment_id" in answer.__struct_fields__:
        return f"experiment:{answer.experiment_id}"  # type: ignore[attr-defined]
    if asking.call.name == "create_run":
        return f"run:{answer.run.info.run_id}"
    if asking.call.name in ("create_trial", "start_trial"):
        return f"trial:{answer.trial.trial_id}"
    rule: Rule | None = RULES.get(route_of(asking.call))
    refs = list(rule.subject(asking)) if rule is not None and rule.subject is not None else []
    if refs:
        return f"{refs[0].kind}:{refs[0].key}"
    username = getattr(asking.message, "username", "") or asking.identity.name
    return f"user:{username}" if asking.call.tag in ("Users", "Tokens") else "server"


def small(value: Any) -> str | None:
    """A value as short JSON: long texts and lists are cut, and fields that hold secrets are not shown."""
    if value is None:
        return None
    plain = msgspec.json.decode(encode(value))
    text = msgspec.json.encode(_cut(plain)).decode()
    if len(text) <= _MOST:
        return text
    why = {"reason": _cut(plain["reason"])} if isinstance(plain, dict) and "reason" in plain else {}
    return msgspec.json.encode({**why, "cut": text[:_MOST]}).decode()


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value):,} characters)"
    if isinstance(value, list):
        kept = [_cut(item) for item in value[:_MOST_ITEMS]]
        return kept if len(value) <= _MOST_ITEMS else [*kept, f"… ({len(value):,} in all)"]
    if isinstance(value, dict):
        return {
            key: REDACTED if names_secret(str(key)) or names_secret(str(value.get("key", ""))) else _cut(item)
            for key, item in list(value.items())[:_MOST_ITEMS]
        }
    return value
