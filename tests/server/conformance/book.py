"""Notes what each call of a client ends in, in words that are the same for every server.

An outcome is what the call gave, with ids, times and addresses replaced by names, or the error's class, code and
HTTP status: not its message, which each server words in its own way.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
import urllib.error
import urllib.request

import pandas as pd
from mlflow.entities import Span
from mlflow.entities._mlflow_object import _MlflowObject
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList

_MADE_UP = re.compile(r"\b(?:m-|tr-|d-|a-|dr-)?[0-9a-f]{32}\b")
_RANDOM_NAME = re.compile(r"^[a-z]+-[a-z]+-\d+$")
_KEYED = {"key", "value", "timestamp", "step"}
_TIME = 1_500_000_000_000
# What says when, where, by which version or in which process something was done.
_IDLE = {
    "next_page_token",
    "mlflow.source.name",
    "mlflow.source.git.commit",
    "mlflow.trace_schema.version",
    "mlflow.artifactLocation",
}


class Book:
    def __init__(self, unique, url):
        self.unique = unique
        self.url = url
        self.outcomes = {}
        self._names = {unique: "<unique>", url: "<server>"}
        self._experiments = {}

    def know(self, value, name):
        """Let an id be written by a name."""
        self._names[value] = f"<{name}>"
        return value

    def know_experiment(self, value, name):
        self._experiments[value] = f"<{name}>"
        return value

    def ask(self, name, call, /, *arguments, **named):
        """Make a call, note its outcome under a name, and give what it gave."""
        assert name not in self.outcomes, f"two calls are called {name!r}"
        try:
            answer = call(*arguments, **named)
        except MlflowException as error:
            self.outcomes[name] = ["MlflowException", error.error_code, _status(error)]
            return None
        except Exception as error:
            self.outcomes[name] = [type(error).__name__]
            return None
        self.outcomes[name] = _short(self.plain(answer))
        return answer

    def send(self, name, method, path, body=None):
        """Make a request as it stands."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        request = urllib.request.Request(self.url + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            said = json.loads(text) if text else None
        except ValueError:
            said = "<no JSON>"
        if status >= 400:
            said = said.get("error_code") if isinstance(said, dict) else None
        self.outcomes[name] = _short([status, self.plain(said)])
        return said

    def plain(self, value, key=None):
        if isinstance(value, PagedList):
            return {"page": [self.plain(item, key) for item in value], "more": bool(value.token)}
        if isinstance(value, pd.DataFrame):
            return [len(value), sorted(value.columns)]
        if isinstance(value, Span):
            kept = ("name", "span_type", "inputs", "outputs", "status", "parent_id")
            return {name: self.plain(getattr(value, name)) for name in kept}
        if isinstance(value, _MlflowObject):
            return {name: self.plain(item, name) for name, item in sorted(dict(value).items())}
        if dataclasses.is_dataclass(value):
            fields = sorted(field.name for field in dataclasses.fields(value))
            return {name: self.plain(getattr(value, name), name) for name in fields if not name.startswith("_")}
        if isinstance(value, dict):
            kept = sorted(value.items(), key=lambda item: str(item[0]))
            return {self._text(str(name)): self.plain(item, str(name)) for name, item in kept if name not in _IDLE}
        if isinstance(value, (list, tuple, set)) or type(value).__name__ == "RepeatedScalarContainer":
            return _ordered([self.plain(item, key) for item in value])
        return self._atom(value, key)

    def _atom(self, value, key):
        if isinstance(value, enum.Enum):
            return str(value.value)
        if isinstance(value, str):
            if key in ("experiment_id", "experiment_ids", "mlflow.experimentId") and value in self._experiments:
                return self._experiments[value]
            return self._text(value)
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and (_TIME < value < 1e19 or key == "run_time")
        ):
            return "<time>"
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return f"<{type(value).__name__}>"

    def _text(self, text):
        for known, name in self._names.items():
            text = text.replace(known, name)
        for known, name in self._experiments.items():
            text = re.sub(rf"^mlflow-artifacts:/{known}(?=/|$)", f"mlflow-artifacts:/{name}", text)
        return _RANDOM_NAME.sub("<name>", _MADE_UP.sub("<id>", text))


def _ordered(items):
    """A list of metrics, params or tags by their keys: their order in a message says nothing."""
    keyed = all(isinstance(item, dict) and "key" in item and set(item) <= _KEYED for item in items)
    return (
        sorted(items, key=lambda item: item["key"])
        if keyed and len({item["key"] for item in items}) == len(items)
        else items
    )


def _short(outcome):
    """What is long, by its length."""
    if isinstance(outcome, dict):
        return {_short(key): _short(value) for key, value in outcome.items()}
    if isinstance(outcome, list):
        return [_short(value) for value in outcome]
    return f"{outcome[:9]}… of {len(outcome)}" if isinstance(outcome, str) and len(outcome) > 200 else outcome


def _status(error):
    ask = getattr(error, "get_http_status_code", None)
    return ask() if ask else None


class Noting:
    """A client that notes which of its methods were called."""

    def __init__(self, client):
        self._client = client
        self.called = set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(self._client, name)
