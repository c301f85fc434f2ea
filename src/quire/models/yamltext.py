"""YAML as MLflow writes it, read without trust: no tags, bounded in size, depth and expansion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from quire.domain.errors import InvalidInput, MalformedModel

MAX_BYTES = 32 * 1024 * 1024
"""The largest file read; an image inside a template is far smaller."""
MAX_VALUES = 1_000_000
"""The most values that a file may stand for, aliases written out."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump_yaml(value: Any, *, sort_keys: bool = True) -> str:
    """The YAML text of a JSON-like value: keys sorted, blocks, ASCII only, as MLflow writes its files."""
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=False, sort_keys=sort_keys)
    return text


def parse_yaml(data: bytes, where: str, holder: str = "a model") -> Any:
    """The value of a YAML text; errors name the file by ``where``, its use by ``holder``. Raises MalformedModel."""
    if len(data) > MAX_BYTES:
        raise MalformedModel(f"{where} has {len(data):,} bytes; {holder}'s file has at most {MAX_BYTES:,}.")
    try:
        value = yaml.load(data, Loader=_Loader)  # noqa: S506 - a safe loader, the C one where there is one
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MalformedModel(f"{where} is not YAML that {holder} may hold: {_one_line(error)}.") from None
    _refuse_expansion(value, where)
    return value


def read_yaml_file(path: Path, holder: str) -> Any:
    """The value of a file that somebody wrote by hand. Raises InvalidInput, naming the file and ``holder``, its use."""
    try:
        return parse_yaml(path.read_bytes(), str(path), holder)
    except MalformedModel as error:
        raise InvalidInput(error.message) from None


def parse_mapping(data: bytes, where: str) -> dict[str, Any]:
    """As :func:`parse_yaml`, for a file that must hold a mapping with text keys."""
    value = parse_yaml(data, where)
    if not isinstance(value, dict):
        raise MalformedModel(f"{where} holds {_kind(value)}; expected a mapping of keys to values.")
    return {str(key): item for key, item in value.items()}


def _refuse_expansion(value: Any, where: str) -> None:
    """Refuse aliases that contain themselves, or that stand for more than MAX_VALUES values (billion laughs)."""
    sizes: dict[int, int] = {}
    open_ids: set[int] = set()

    def size(item: Any) -> int:
        if not isinstance(item, dict | list):
            return 1
        key = id(item)
        if key in open_ids:
            raise MalformedModel(f"{where} holds a value that contains itself; write it out without the alias.")
        if key not in sizes:
            open_ids.add(key)
            inner = item.values() if isinstance(item, dict) else item
            sizes[key] = 1 + sum(size(part) for part in inner)
            open_ids.discard(key)
        if sizes[key] > MAX_VALUES:
            raise MalformedModel(f"{where} stands for more than {MAX_VALUES:,} values; its aliases expand too far.")
        return sizes[key]

    try:
        size(value)
    except RecursionError:
        raise MalformedModel(f"{where} is nested too deeply.") from None


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
