"""What is known of a run beside what was logged to it, as data."""

from __future__ import annotations

import msgspec

from quire.domain.trace_usage import TraceUsage


class UsedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a prompt that a run used. ``text`` is its template, None if that may not be read or is gone."""

    name: str
    version: str
    text: str | None = None


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run.

    ``evaluation_id`` is the run of the evaluation that it is, or is a variant of; ``variant`` that one's name.
    ``usage`` is what its traces used, None if it has none.
    """

    run_id: str
    prompts: list[UsedPrompt]
    evaluation_id: str | None = None
    variant: str | None = None
    usage: TraceUsage | None = None
