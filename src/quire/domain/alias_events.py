"""What happened to the aliases of a prompt, kept as tags of the prompt: one tag an event, never changed.

An event is a tag ``quire.alias.ALIAS.TIME-ID``, so that two who move aliases at once lose neither event, and MLflow's
client sees but a tag that it does not know. What others than Quire move is not recorded; it shows as the version that
an alias has and no event gave it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

PREFIX = "quire.alias."
MOST_KEPT = 100
"""Events kept of one alias; of more, the oldest go."""
_LONGEST_IN_KEY = 150

AliasEventKind = Literal["set", "delete", "rollback"]


class AliasEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that was moved from a version to a version; None where there was none, or is none any longer.

    ``at`` is in ms since the epoch, ``by`` the user's name.
    """

    alias: str
    kind: AliasEventKind
    old: int | None = None
    new: int | None = None
    at: int = 0
    by: str = ""
    reason: str = ""


def event_tag(event: AliasEvent) -> tuple[str, str]:
    """The key and the value of the tag that keeps an event."""
    return f"{_stem(event.alias)}{event.at:013d}-{secrets.token_hex(4)}", msgspec.json.encode(event).decode()


def alias_events(tags: Mapping[str, str], alias: str | None = None) -> dict[str, AliasEvent]:
    """The events among a prompt's tags (of one alias, or of all), by the key of their tags; oldest first.

    A tag that is no event, because somebody else wrote it, is passed over.
    """
    stem = PREFIX if alias is None else _stem(alias)
    found = {key: event for key, text in tags.items() if key.startswith(stem) and (event := _decoded(text))}
    kept = found.items() if alias is None else ((key, event) for key, event in found.items() if event.alias == alias)
    return dict(sorted(kept, key=lambda item: (item[1].at, item[0])))


def version_before(events: Sequence[AliasEvent], current: int | None) -> int | None:
    """The version that an alias had before the one that it has now, by its events, oldest first; None if none is known.

    Rolling back takes the newest move off the pile; rolling back again goes further back. An alias that is gone has,
    before, the version that it had last. The last event does not count if the alias is where it was before it: its
    process died between the record and the move, or another client took the move back.
    """
    pile = _pile(events)
    if current is None:
        return pile[-1] if pile else None
    if pile and pile[-1] != current:
        if events[-1].old == current:
            pile = _pile(events[:-1])
        if pile[-1:] != [current]:
            pile.append(current)
    return pile[-2] if len(pile) > 1 else None


def _pile(events: Sequence[AliasEvent]) -> list[int]:
    pile: list[int] = []
    for event in events:
        if event.old is not None and pile[-1:] != [event.old]:
            pile.append(event.old)
        if event.kind == "rollback" and event.new in pile:
            while pile[-1] != event.new:
                pile.pop()
        elif event.new is not None and pile[-1:] != [event.new]:
            pile.append(event.new)
    return pile


def _stem(alias: str) -> str:
    if len(alias) > _LONGEST_IN_KEY:
        alias = f"{alias[:_LONGEST_IN_KEY]}-{hashlib.sha256(alias.encode()).hexdigest()[:12]}"
    return f"{PREFIX}{alias}."


def _decoded(text: str) -> AliasEvent | None:
    try:
        return msgspec.json.decode(text, type=AliasEvent)
    except msgspec.MsgspecError:
        return None
