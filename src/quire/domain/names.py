"""Which names, keys and values tracking and the registry accept: MLflow's rules, checked in one place.

Where MLflow refuses, these checks refuse. Where MLflow cuts a value that is too long (params and tags of runs), the
value is kept whole up to ``MAX_TEXT`` characters.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Collection, Iterable
from functools import lru_cache

from quire.domain.entities import DatasetInput, Metric, ModelInput, ModelOutput, Param, Tag
from quire.domain.errors import InvalidInput

MAX_KEY = 250
MAX_TEXT = 100_000
MAX_EXPERIMENT_NAME = 500
MAX_EXPERIMENT_TAG = 20_000
MAX_RUN_NAME = 8_000
MAX_ALIAS = 255
MAX_METRICS_PER_BATCH = 1000
MAX_PARAMS_PER_BATCH = 100
MAX_TAGS_PER_BATCH = 100
MAX_ITEMS_PER_BATCH = 1000
MAX_DATASETS_PER_CALL = 1000
MAX_MODEL_ID = 500
VIEWS = ("ACTIVE_ONLY", "DELETED_ONLY", "ALL")

_DATASET_LIMITS = {"name": 500, "digest": 36, "source_type": 100, "source": 65_535}
_OPTIONAL_DATASET_LIMITS = {"schema": 1_048_575, "profile": 16_777_215}
_DATASET_TAG_KEY, _DATASET_TAG_VALUE = 255, 500
_KEY = re.compile(r"[/\w.\- :]+")
_ALIAS = re.compile(r"[\w\-]+")
_VERSION_ALIAS = re.compile(r"[vV]\d+")
_BAD_LOGGED_MODEL = frozenset("/:.%\"'")
_MAX_INTEGER = 2**63
_SHOWN = 100


def _short(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


@lru_cache(maxsize=65_536)
def check_key(key: object, what: str = "key") -> None:
    """Refuse a metric, param or tag key that MLflow refuses: bad characters, too long, or a path in disguise."""
    if not isinstance(key, str) or not key:
        raise InvalidInput(f"A {what} is missing (got {_short(key)}). Give it a name of 1 to {MAX_KEY} characters.")
    if len(key) > MAX_KEY:
        raise InvalidInput(f"The {what} {_short(key)} has {len(key)} characters; at most {MAX_KEY} are allowed.")
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"Invalid {what} {_short(key)}. Allowed are letters, digits, underscores, dashes, periods, spaces, "
            "colons and slashes."
        )
    if posixpath.normpath(key) != key or key in (".", "..") or key.startswith(("../", "/")):
        raise InvalidInput(
            f"Invalid {what} {_short(key)}: read as a path it would mean {posixpath.normpath(key)!r}. Use no empty, "
            "'.' or '..' parts and no slash at the ends."
        )


def check_text(value: object, what: str, limit: int = MAX_TEXT) -> str:
    """``value`` as text of at most ``limit`` characters."""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} is {_short(value)}, of type {type(value).__name__}; expected text.")
    if len(value) > limit:
        raise InvalidInput(
            f"{what} has {len(value):,} characters; at most {limit:,} are allowed. Log long text as an artifact "
            "(log_text)."
        )
    if "\0" in value:
        raise InvalidInput(f"{what} holds a NUL character at {value.index(chr(0))}; databases cannot store it.")
    return value


def check_integer(value: object, what: str) -> int:
    """``value`` as an integer of 64 bits; a float with no fraction passes, as in MLflow."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{what} is {_short(value)}; expected an integer.")
    if not -_MAX_INTEGER <= value < _MAX_INTEGER:
        raise InvalidInput(f"{what} is {value}, which does not fit 64 bits.")
    return value


def check_metric(metric: Metric) -> None:
    """Refuse a metric whose key, value, timestamp or step is not valid."""
    check_key(metric.key, "metric key")
    value = metric.value
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise InvalidInput(f"The value of metric {metric.key!r} is {_short(value)}; expected a number.")
    if type(value) is int and abs(value) > sys.float_info.max:
        raise InvalidInput(f"The value of metric {metric.key!r} is {_short(value)}, too large for a number of 64 bits.")
    if type(metric.step) is not int or not -_MAX_INTEGER <= metric.step < _MAX_INTEGER:
        check_integer(metric.step, f"The step of metric {metric.key!r}")
    if type(metric.timestamp) is not int or not 0 <= metric.timestamp < _MAX_INTEGER:
        check_integer(metric.timestamp, f"The timestamp of metric {metric.key!r}")
        if metric.timestamp < 0:
            raise InvalidInput(
                f"The timestamp of metric {metric.key!r} is {metric.timestamp}; expected milliseconds since 1970."
            )


def check_tags(tags: Iterable[Tag], what: str, limit: int = MAX_TEXT) -> None:
    """Refuse tags with bad keys or values; ``what`` they belong to is named in the error."""
    for tag in tags:
        check_key(tag.key, "tag key")
        check_text(tag.value, f"The {what} tag {tag.key!r}", limit)


def check_params(params: Iterable[Param]) -> None:
    """Refuse params with bad keys or values."""
    for param in params:
        check_key(param.key, "param key")
        check_text(param.value, f"The param {param.key!r}")


def check_batch(metrics: Collection[Metric], params: Collection[Param], tags: Collection[Tag]) -> None:
    """Refuse a batch that is larger than MLflow allows, or that holds anything invalid."""
    _check_size("metrics", len(metrics), MAX_METRICS_PER_BATCH)
    _check_size("params", len(params), MAX_PARAMS_PER_BATCH)
    _check_size("tags", len(tags), MAX_TAGS_PER_BATCH)
    _check_size("metrics, params and tags together", len(metrics) + len(params) + len(tags), MAX_ITEMS_PER_BATCH)
    for metric in metrics:
        check_metric(metric)
    check_params(params)
    check_tags(tags, "run")


def _check_size(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise InvalidInput(f"A batch may hold at most {limit} {what}; got {count}. Split it into several batches.")


def check_inputs(datasets: Collection[DatasetInput], models: Iterable[ModelInput]) -> None:
    """Refuse what a run read if it is more than a call may hold, or not valid."""
    if len(datasets) > MAX_DATASETS_PER_CALL:
        raise InvalidInput(f"At most {MAX_DATASETS_PER_CALL} datasets may be logged in a call; got {len(datasets)}.")
    for item in datasets:
        _check_dataset(item)
    for model in models:
        check_text(model.model_id, "The id of a model that went in", MAX_MODEL_ID)


def check_outputs(models: Iterable[ModelOutput]) -> None:
    """Refuse the models that a run made if an id or a step is not valid."""
    for model in models:
        check_text(model.model_id, "The id of a model that came out", MAX_MODEL_ID)
        check_integer(model.step, f"The step of model {model.model_id!r}")


def _check_dataset(item: DatasetInput) -> None:
    data = item.dataset
    for field, limit in _DATASET_LIMITS.items():
        check_text(getattr(data, field), f"The dataset's {field}", limit)
    if not data.name or not data.digest:
        raise InvalidInput(f"A dataset needs a name and a digest; got {data.name!r} and {data.digest!r}.")
    for field, limit in _OPTIONAL_DATASET_LIMITS.items():
        if getattr(data, field) is not None:
            check_text(getattr(data, field), f"The dataset's {field}", limit)
    for tag in item.tag_list:
        check_text(tag.key, "The key of a dataset's tag", _DATASET_TAG_KEY)
        check_text(tag.value, f"The dataset's tag {tag.key!r}", _DATASET_TAG_VALUE)


def check_experiment_name(name: object) -> str:
    """An experiment's name: 1 to 500 characters."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"Invalid experiment name {_short(name)}: expected text that is not empty.")
    return check_text(name, "The experiment name", MAX_EXPERIMENT_NAME)


def check_registered_name(name: object) -> str:
    """A registered model's name: not empty, no ``/`` or ``:``, not a path in disguise."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"Invalid registered model name {_short(name)}: expected text that is not empty.")
    check_text(name, "The registered model name", MAX_EXPERIMENT_NAME)
    if "/" in name or ":" in name or name in (".", ".."):
        raise InvalidInput(f"Invalid registered model name {_short(name)}: it may not hold '/' or ':', or be a path.")
    return name


def check_logged_model_name(name: object) -> str:
    """A logged model's name: not empty, none of ``/ : . % " '``."""
    if not isinstance(name, str) or not name or _BAD_LOGGED_MODEL & set(name):
        raise InvalidInput(
            f"Invalid model name {_short(name)}: it may not be empty or hold any of / : . % \" '. Use letters, "
            "digits, dashes and underscores."
        )
    return check_text(name, "The model name", MAX_EXPERIMENT_NAME)


def check_alias(alias: object) -> str:
    """An alias: letters, digits, dashes and underscores; not ``latest`` and not like ``v1``."""
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or len(alias) > MAX_ALIAS:
        raise InvalidInput(
            f"Invalid alias {_short(alias)}: expected 1 to {MAX_ALIAS} letters, digits, dashes and underscores."
        )
    if alias.lower() == "latest" or _VERSION_ALIAS.fullmatch(alias):
        raise InvalidInput(
            f"The alias {alias!r} is reserved: 'latest' and names like 'v1' mean versions. Choose another, such as "
            "'champion'."
        )
    return alias


def check_version(version: object) -> int:
    """A version as a number; versions travel as decimal strings."""
    text = str(version)
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidInput(f"Invalid model version {_short(version)}: expected a whole number such as '3'.")
    return int(text)


def check_experiment_id(experiment_id: object) -> int:
    """An experiment id as a number; ids travel as decimal strings."""
    text = str(experiment_id)
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidInput(f"Invalid experiment id {_short(experiment_id)}: expected a decimal number such as '1'.")
    return int(text)


def check_view(view: object) -> None:
    """Which of the active and the deleted are looked at."""
    if view not in VIEWS:
        raise InvalidInput(f"Invalid view {_short(view)}; expected one of {', '.join(VIEWS)}.")


def check_page_size(max_results: object, ceiling: int) -> int:
    """How many results a page may hold."""
    if isinstance(max_results, bool) or not isinstance(max_results, int) or not 1 <= max_results <= ceiling:
        raise InvalidInput(f"max_results is {_short(max_results)}; expected a whole number from 1 to {ceiling:,}.")
    return max_results
