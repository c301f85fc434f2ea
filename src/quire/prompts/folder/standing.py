"""How a prompt's file and its newest version stand to each other, by what they were when they were last in step."""

from __future__ import annotations

from typing import Literal

Standing = Literal[
    "in step",
    "changed here",
    "changed there",
    "conflict",
    "new here",
    "new there",
    "gone here",
    "gone there",
    "gone",
]
"""``here`` is the folder, ``there`` the registry. A conflict: both changed, and not to the same."""


def standing(here: str | None, there: str | None, base: str | None) -> Standing:
    """From three digests: of the file, of the newest version, and of both when they were last in step.

    None where there is no such thing. A prompt deleted on one side and changed on the other is a conflict.
    """
    if here is None and there is None:
        return "gone"
    if here is None:
        return _without("new there", "gone here", there, base)
    if there is None:
        return _without("new here", "gone there", here, base)
    if here == there:
        return "in step"
    if here == base:
        return "changed there"
    return "changed here" if there == base else "conflict"


def _without(new: Standing, gone: Standing, left: str | None, base: str | None) -> Standing:
    if base is None:
        return new
    return gone if left == base else "conflict"
