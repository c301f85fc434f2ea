"""Promotions: each move of an alias of a registered model, kept as a tag of the model, never changed.

A tag ``quire.promotion.ALIAS.TIME-ID`` holds one event, so that MLflow's client sees but a tag that it does not know.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from quire.domain.entities import Tag
from quire.domain.gates import Check, Gate, GateResult

PREFIX = "quire.promotion."
_LEAST_REASON = 200
_MOST = 4_900
"""Characters that MLflow's server takes as the value of a tag, nearly."""

PromotionKind = Literal["promotion", "rollback"]


class Promotion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alias that was moved from one version to another: by whom, when (ms), why, and on what evidence.

    ``old`` is None where there was no such alias. ``evidence`` are the runs of evaluations, or ``trials:/ID`` of the
    live trial that was won; ``forced`` says that the alias was moved without evidence, or against it.
    """

    name: str
    alias: str
    kind: PromotionKind = "promotion"
    old: str | None = None
    new: str | None = None
    at: int = 0
    by: str = ""
    reason: str = ""
    evidence: list[str] = msgspec.field(default_factory=list)
    gate: Gate | None = None
    checks: list[Check] = msgspec.field(default_factory=list)
    forced: bool = False

    @property
    def result(self) -> GateResult | None:
        """What the gate said, if one was asked."""
        if not self.checks:
            return None
        return GateResult(champion=f"version {self.old}", challenger=f"version {self.new}", checks=self.checks)

    def __str__(self) -> str:
        moved = f"models:/{self.name}@{self.alias}: {_version(self.old)} → {_version(self.new)}"
        how = "rolled back" if self.kind == "rollback" else "forced" if self.forced else "promoted"
        return f"{moved} ({how}{f' by {self.by}' if self.by else ''}{f': {self.reason}' if self.reason else ''})"


def promotion_tag(promotion: Promotion) -> Tag:
    """The tag that keeps an event. What does not fit is cut: first the words of the checks, then the reason."""
    key = f"{PREFIX}{promotion.alias[:150]}.{promotion.at:013d}-{secrets.token_hex(4)}"
    short = msgspec.structs.replace(
        promotion, checks=[msgspec.structs.replace(check, said=check.said[:120]) for check in promotion.checks[:8]]
    )
    for made in (promotion, short, msgspec.structs.replace(short, reason=short.reason[:_LEAST_REASON])):
        value = msgspec.json.encode(made).decode()
        if len(value) <= _MOST:
            return Tag(key, value)
    return Tag(key, msgspec.json.encode(msgspec.structs.replace(made, checks=[], gate=None)).decode())


def promotions_in(tags: Mapping[str, str], alias: str | None = None) -> list[Promotion]:
    """The events among a model's tags, of one alias or of all, oldest first; what is none is passed over."""
    found = []
    for key, text in tags.items():
        if key.startswith(PREFIX) and (event := _decoded(text)) and alias in (None, event.alias):
            found.append((event.at, key, event))
    return [event for _, _, event in sorted(found, key=lambda item: item[:2])]


def version_before(events: Sequence[Promotion], current: str | None) -> str | None:
    """Where a rollback of the alias leads: the version before the newest move that was not itself taken back.

    None if no event tells. A move by other means than promotions (as MLflow's client makes) is taken back to the
    version that the last event gave.
    """
    pile: list[str | None] = []
    for event in events:
        if event.kind == "rollback" and len(pile) > 1 and pile[-1] == event.old and pile[-2] == event.new:
            pile.pop()
            continue
        if not pile or pile[-1] != event.old:
            pile.append(event.old)
        pile.append(event.new)
    if not pile:
        return None
    if pile[-1] != current:
        return pile[-1]
    return pile[-2] if len(pile) > 1 else None


def _version(version: str | None) -> str:
    return "none" if version is None else f"version {version}"


def _decoded(text: str) -> Promotion | None:
    try:
        return msgspec.json.decode(text, type=Promotion)
    except msgspec.MsgspecError:
        return None
