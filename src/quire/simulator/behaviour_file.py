"""A behaviour written in a file: YAML or JSON, a mapping from field to value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.simulator.behaviour import Behaviour


def read_behaviour(path: Path) -> Behaviour:
    """The behaviour in a file; the ending ``.json`` means JSON, every other YAML.

    The path of a recording starts from the file's folder. Raises NotFound, or InvalidInput that names the file.
    """
    values = _read_mapping(path)
    recording = values.get("recording")
    if isinstance(recording, str):
        values = {**values, "recording": str(path.parent / recording)}
    try:
        return Behaviour.from_mapping(values)
    except InvalidInput as error:
        raise InvalidInput(f"The behaviour file {str(path)!r} cannot be followed. {error}") from None


def _read_mapping(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"The behaviour file {str(path)!r} does not exist (looked in {str(Path.cwd())!r}).") from None
    except OSError as error:
        raise InvalidInput(f"The behaviour file {str(path)!r} cannot be read: {error.strerror}.") from None
    kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
    try:
        values = msgspec.json.decode(text) if kind == "JSON" else _parse_yaml(text)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(f"The behaviour file {str(path)!r} is not {kind}: {reason}.") from None
    if not isinstance(values, Mapping):
        raise InvalidInput(
            f"The behaviour file {str(path)!r} holds {type(values).__name__}. Write fields, such as latency_ms: 50."
        )
    return values


def _parse_yaml(text: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
