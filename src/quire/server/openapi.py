"""The OpenAPI document of a server, made from its calls (https://spec.openapis.org/oas/v3.1.0)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from quire._version import __version__
from quire.server.calls import AnyCall, Call, StreamCall
from quire.store.rest.wire.info import ErrorResponse

_REFERENCE = "#/components/schemas/"
_VARIABLE = re.compile(r"\{(\w+)(?::path)?\}")
_INTEGER_TEXT = {"type": "string", "pattern": r"^-?(0|[1-9]\d*)$"}
_NUMBER_TEXT = {"type": "string", "pattern": r"^(-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity)$"}
_NUMBER_WORD = {"enum": ["NaN", "Infinity", "-Infinity"]}
_BOOLEAN_WORD = {"enum": ["true", "false", "True", "False", "TRUE", "FALSE", "0", "1", 0, 1]}
_DESCRIPTION = (
    "Tracking and registry over MLflow's REST protocol, and what MLflow lacks under /api/quire/v1. A 64-bit integer "
    "may be sent as a number or as a string; NaN and the infinities are the strings NaN, Infinity and -Infinity."
)
Schema = dict[str, Any]


class _Schemas(msgspec.Struct):
    """The schema of each type, and the components that they refer to."""

    of: dict[Any, Schema]
    components: dict[str, Schema]

    def fields(self, kind: Any) -> tuple[Schema, list[str]]:
        """The properties of a message, and which of them are required."""
        found = self.components[self.of[kind]["$ref"].removeprefix(_REFERENCE)]
        return found.get("properties", {}), found.get("required", [])


def make_document(calls: Sequence[AnyCall]) -> Schema:
    """The document of these calls, each at the first of its paths."""
    typed = [call for call in calls if isinstance(call, Call)]
    streams = [call for call in calls if isinstance(call, StreamCall)]
    messages = [call.message for call in streams if call.message is not None]
    events = [call.events for call in streams if call.events is not None]
    requests = _schemas([*(call.request for call in typed), *messages], "request.", _lenient)
    answers = _schemas([*(call.response for call in typed), *events, ErrorResponse], "", _sent)
    paths: dict[str, Schema] = {}
    for call in calls:
        if isinstance(call, Call):
            operation = _operation(call, requests, answers)
        else:
            operation = _streamed(call, requests, answers)
        path = _VARIABLE.sub(r"{\1}", call.paths[0])
        paths.setdefault(path, {})[call.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Quire", "version": __version__, "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": {**answers.components, **requests.components}},
    }


def _schemas(types: Iterable[Any], prefix: str, change: Callable[[Any], Any]) -> _Schemas:
    unique = list(dict.fromkeys(types))
    schemas, found = msgspec.json.schema_components(
        unique, schema_hook=_of_anything, ref_template=_REFERENCE + prefix + "{name}"
    )
    of = dict(zip(unique, map(change, schemas), strict=True))
    return _Schemas(of, {prefix + name: change(schema) for name, schema in found.items()})


def _of_anything(kind: type) -> Schema:
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError(f"no schema says what {kind} is")


def _lenient(schema: Any) -> Any:
    """What is accepted: numbers as text, and null for a field that is not required."""
    if isinstance(schema, list):
        return [_lenient(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = _mapped(schema, _lenient)
    if "properties" in changed:
        required = changed.get("required", ())
        changed["properties"] = {
            name: field if name in required else _or_null(field) for name, field in changed["properties"].items()
        }
    text = {"integer": _INTEGER_TEXT, "number": _NUMBER_TEXT, "boolean": _BOOLEAN_WORD}.get(str(changed.get("type")))
    return {"anyOf": [changed, text]} if text else changed


def _mapped(schema: Schema, change: Callable[[Any], Any]) -> Schema:
    """A schema with its parts changed and without its default; a field may be called ``default`` nevertheless."""
    return {
        key: {name: change(field) for name, field in item.items()} if key == "properties" else change(item)
        for key, item in schema.items()
        if key != "default"
    }


def _or_null(schema: Schema) -> Schema:
    choices = schema.get("anyOf", [schema])
    return {"anyOf": [*(choice for choice in choices if choice != {"type": "null"}), {"type": "null"}]}


def _sent(schema: Any) -> Any:
    """What is answered: numbers that JSON lacks are words."""
    if isinstance(schema, list):
        return [_sent(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = _mapped(schema, _sent)
    return {"anyOf": [changed, _NUMBER_WORD]} if changed.get("type") == "number" else changed


def _operation(call: Call, requests: _Schemas, answers: _Schemas) -> Schema:
    fields, required = requests.fields(call.request)
    variables = _VARIABLE.findall(call.paths[0])
    parameters = [_parameter(field, "path", {"type": "string", "minLength": 1}, True) for field in variables]
    operation = _common(call)
    if call.method == "GET":
        parameters += [
            _parameter(field, "query", _in_query(schema), field in required)
            for field, schema in fields.items()
            if field not in variables
        ]
    elif fields:
        needed = [field for field in required if field not in variables]
        schema = requests.of[call.request] if needed == required else _beside(fields, needed, variables)
        operation["requestBody"] = {"required": bool(needed), "content": {"application/json": {"schema": schema}}}
    operation["parameters"] = parameters
    content = {"application/json": {"schema": answers.of[call.response]}}
    operation["responses"] = {str(call.success): {"description": "OK", "content": content}, **_failure()}
    return operation


def _beside(fields: Schema, needed: list[str], variables: list[str]) -> Schema:
    """The message in a body beside a path that gives some of its fields, which the body may repeat."""
    own = {name: schema if name not in variables else {} for name, schema in fields.items()}
    return {"type": "object", "properties": own, **({"required": needed} if needed else {})}


def _in_query(schema: Schema) -> Schema:
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _parameter(name: str, place: str, schema: Schema, required: bool) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _streamed(call: StreamCall, requests: _Schemas, answers: _Schemas) -> Schema:
    variables = _VARIABLE.findall(call.paths[0])
    own = [_parameter(field, "path", {"type": "string", "minLength": 1}, True) for field in variables]
    given = dict(call.openapi)
    if call.message is not None and call.method == "GET":
        fields, required = requests.fields(call.message)
        own += [_parameter(name, "query", _in_query(schema), name in required) for name, schema in fields.items()]
    elif call.message is not None:
        content = {"application/json": {"schema": requests.of[call.message]}}
        given["requestBody"] = {"required": True, "content": content}
    if call.events is not None:
        content = {"text/event-stream": {"schema": answers.of[call.events]}}
        given["responses"] = {"200": {"description": "Events, as they come.", "content": content}}
    operation = {**_common(call), **given}
    operation["parameters"] = [*own, *given.get("parameters", [])]
    operation["responses"] = {**given.get("responses", {"200": {"description": "OK"}}), **_failure()}
    return operation


def _common(call: AnyCall) -> Schema:
    summary, _, description = call.summary.partition(". ")
    operation: Schema = {
        "operationId": call.name,
        "tags": [call.tag],
        "summary": summary.rstrip("."),
    }
    if description:
        operation["description"] = description
    return operation


def _failure() -> Schema:
    content = {"application/json": {"schema": {"$ref": f"{_REFERENCE}ErrorResponse"}}}
    return {
        "4XX": {"description": "Refused.", "content": content},
        "5XX": {"description": "Failed.", "content": content},
    }
