"""The ids of a request's span: its own trace, or the caller's (W3C Trace Context, https://www.w3.org/TR/trace-context)."""

from __future__ import annotations

import os
import random
import re

import msgspec

_random = random.Random()  # noqa: S311 - ids, not secrets; apart from the program's own, which may be seeded
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)
random_bits = _random.getrandbits
"""Bits for an id. Unlike the system's own it does not let go of the interpreter, which others would take meanwhile."""
_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SAMPLED = 1


class Ids(msgspec.Struct, frozen=True):
    """``trace_id`` is ``tr-`` and 32 digits, ``span_id`` 16; ``traceparent`` is the header for the upstream."""

    trace_id: str
    span_id: str
    traceparent: str


def begin(traceparent: str = "") -> Ids:
    """The ids of a request that begins now; one that names the caller's span continues its trace."""
    span_id = f"{random_bits(64) or 1:016x}"
    found = _parsed(traceparent) if traceparent else None
    trace_id, flags = (f"{random_bits(128) or 1:032x}", "01") if found is None else (found[1], found[3])
    return Ids(f"tr-{trace_id}", span_id, f"00-{trace_id}-{span_id}-{flags}")


def parent_of(traceparent: str) -> tuple[bool, bytes]:
    """Whether the caller wants the request traced, and the id of its span; empty where there is none."""
    found = _parsed(traceparent) if traceparent else None
    if found is None:
        return True, b""
    return bool(int(found[3], 16) & _SAMPLED), bytes.fromhex(found[2])


def _parsed(traceparent: str) -> re.Match[str] | None:
    """The parts of a header; None for one that is malformed, or whose ids are zero, which names nothing."""
    found = _FORM.fullmatch(traceparent.strip())
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return None
    return found
