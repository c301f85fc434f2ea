"""The input example of a model: ``input_example.json`` and ``serving_input_example.json``, in MLflow's forms."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, MalformedModel
from quire.models.folder import ModelFolder
from quire.models.frames import as_frame, as_series, is_array

EXAMPLE_FILE = "input_example.json"
SERVING_FILE = "serving_input_example.json"


class Example(msgspec.Struct, frozen=True):
    """An example as files, with the entry that ``MLmodel`` holds about them."""

    info: dict[str, str]
    files: dict[str, str]


def make_example(given: Any) -> Example:
    """The files of an example: input data, or a pair of input data and a mapping of params.

    Raises InvalidInput for data that cannot be written as JSON.
    """
    data, params = given if _has_params(given) else (given, None)
    kind, content, serving = _describe(data)
    info = {"artifact_path": EXAMPLE_FILE, "serving_input_path": SERVING_FILE, **kind}
    if params:
        info["params"] = "true"
        content = {"inputs": content, "params": params}
        serving = {**serving, "params": params}
    return Example(info, {EXAMPLE_FILE: _json(content), SERVING_FILE: _json(serving, indent=2)})


def _has_params(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], dict)


def _describe(data: Any) -> tuple[dict[str, str], Any, dict[str, Any]]:
    """The example's kind, its JSON content and the body that a scoring server takes."""
    if isinstance(data, str | list | dict | int | float | bool):
        return {"type": "json_object"}, data, {"inputs": data}
    if is_array(data):
        return {"type": "ndarray"}, data.tolist(), {"inputs": data.tolist()}
    frame = as_frame(data)
    if frame is not None:
        split = {"columns": frame.columns, "data": [list(row) for row in frame.rows()]}
        return {"type": "dataframe", "pandas_orient": "split"}, split, {"dataframe_split": split}
    series = as_series(data)
    if series is not None:
        return {"type": "json_object"}, series.to_list(), {"inputs": series.to_list()}
    raise InvalidInput(
        f"`input_example` is a {type(data).__name__}; expected a dataframe, a list, a mapping, text, or a pair of "
        "one of these and a mapping of params."
    )


def _json(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, indent=indent, default=_plain)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"`input_example` cannot be written as JSON: {error}.") from None


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"it holds an object of type {type(value).__name__}")


def read_example(folder: ModelFolder, info: dict[str, Any] | None) -> Any:
    """The input data of a model's example as plain lists and mappings (rows, for a dataframe); None without one."""
    if not info:
        return None
    path = str(info.get("artifact_path", EXAMPLE_FILE))
    try:
        content = msgspec.json.decode(folder.read(path))
    except msgspec.MsgspecError as error:
        raise MalformedModel(f"{folder.name_of(path)} is not JSON: {error}.") from None
    if info.get("params") and isinstance(content, dict):
        content = content.get("inputs", content)
    if info.get("type") == "dataframe" and isinstance(content, dict) and "columns" in content:
        return [dict(zip(content["columns"], row, strict=False)) for row in content.get("data", [])]
    return content
