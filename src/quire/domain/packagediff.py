"""What differs between two packaged models: messages, parameters, policy, signature."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from quire.domain.package import Package
from quire.domain.schema import ParamSchema, Schema
from quire.domain.textdiff import Piece, diff_text

ChangeKind = Literal["added", "removed", "changed"]


class Change(msgspec.Struct, frozen=True):
    """One thing that differs. ``path`` says where; ``pieces`` are the word-wise difference of two texts."""

    path: str
    kind: ChangeKind
    old: Any = None
    new: Any = None
    pieces: list[Piece] | None = None


def diff_packages(old: Package, new: Package) -> list[Change]:
    """Every difference, in the order task, model, template, fixed parameters, policy, inputs, outputs."""
    return [
        *diff_value("task", old.task, new.task),
        *diff_value("model", old.model, new.model),
        *diff_mapping("", old.template, new.template),
        *diff_mapping("fixed.", old.fixed, new.fixed),
        *diff_mapping("policy.", policy(old.signature.params), policy(new.signature.params)),
        *diff_mapping("inputs.", _columns(old.signature.inputs), _columns(new.signature.inputs)),
        *diff_mapping("outputs.", _columns(old.signature.outputs), _columns(new.signature.outputs)),
    ]


def policy(schema: ParamSchema | None) -> dict[str, dict[str, Any]]:
    """The parameters that a caller may set, by name: type, default, bounds and choices."""
    return {spec.name: {**_without_name(spec.to_dict()), **spec.limits()} for spec in schema or ()}


def _columns(schema: Schema | None) -> dict[str, Any]:
    return {spec.name or "(unnamed)": _without_name(spec.to_dict()) for spec in schema or ()}


def _without_name(form: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in form.items() if key != "name" and value is not None}


def diff_mapping(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What differs between two mappings, by path; ``prefix`` begins every path."""
    for key in dict.fromkeys([*old, *new]):
        path = f"{prefix}{key}"
        if key not in new:
            yield Change(path, "removed", old[key])
        elif key not in old:
            yield Change(path, "added", None, new[key])
        else:
            yield from diff_value(path, old[key], new[key])


def diff_value(path: str, old: Any, new: Any) -> Iterator[Change]:
    """What differs between two JSON-like values, by path: texts by words, mappings by key, lists item by item."""
    if isinstance(old, str) and isinstance(new, str):
        if old != new:
            yield Change(path, "changed", old, new, diff_text(old, new))
        return
    if _key(old) == _key(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from diff_mapping(f"{path}.", old, new)
    elif isinstance(old, list) and isinstance(new, list) and _holds_mappings(old) and _holds_mappings(new):
        yield from _diff_items(path, old, new)
    else:
        yield Change(path, "changed", old, new)


def _holds_mappings(items: Sequence[Any]) -> bool:
    return all(isinstance(item, Mapping) for item in items)


def _diff_items(path: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    """Items aligned by their roles and content: one put in between shows as added, not as a change of all after."""
    matcher = difflib.SequenceMatcher(None, [_key(item) for item in old], [_key(item) for item in new], autojunk=False)
    for op, start, stop, new_start, new_stop in matcher.get_opcodes():
        if op != "equal":
            yield from _diff_block(path, old[start:stop], new[new_start:new_stop], start, new_start)


def _diff_block(path: str, old: list[Any], new: list[Any], start: int, new_start: int) -> Iterator[Change]:
    pairs = _pair_by_role(old, new)
    for index, item in enumerate(old):
        if index not in pairs:
            yield Change(f"{path}[{start + index}]", "removed", item)
    paired = {other: index for index, other in pairs.items()}
    for index, item in enumerate(new):
        where = f"{path}[{new_start + index}]"
        if index in paired:
            yield from diff_value(where, old[paired[index]], item)
        else:
            yield Change(where, "added", None, item)


def _pair_by_role(old: list[Any], new: list[Any]) -> dict[int, int]:
    """Positions of old items to those of new items of the same role, in order; if none shares a role, by position."""
    roles = [_role(item) for item in old], [_role(item) for item in new]
    blocks = difflib.SequenceMatcher(None, *roles, autojunk=False).get_matching_blocks()
    pairs = {block.a + offset: block.b + offset for block in blocks for offset in range(block.size)}
    return pairs or {index: index for index in range(min(len(old), len(new)))}


def _role(item: Any) -> str:
    return str(item.get("role") or item.get("type") or "")


def _key(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic", enc_hook=str).decode()
