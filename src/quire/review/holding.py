"""Who has which item in hand, so that two reviewers are not given the last answer that an item needs.

Each reviewer holds at most one item of a queue, noted in a tag of the queue's run. Who takes an item writes that down
first and looks second, and leaves the item if somebody else holds it too: of two at once both may leave it, never both
keep it. What is held is free again after a while, for a reviewer who went away.
"""

from __future__ import annotations

import msgspec

from quire.domain.entities import Tag
from quire.domain.ids import now_ms
from quire.review.items import hashed
from quire.tracking.client import Client

HELD_MS = 15 * 60 * 1000
_TAG = "quire.review.held"


class Hold(msgspec.Struct, frozen=True):
    """One reviewer's item, and until when (ms since the epoch) it is kept for them."""

    item_id: str
    reviewer: str
    until: int


def hold(client: Client, run_id: str, item_id: str, reviewer: str) -> set[str]:
    """Note that a reviewer takes an item; the others who hold it now."""
    mine = Hold(item_id, reviewer, now_ms() + HELD_MS)
    _note(client, run_id, mine)
    return {one.reviewer for one in held(client, run_id) if one.item_id == item_id and one.reviewer != reviewer}


def let_go(client: Client, run_id: str, reviewer: str) -> None:
    """Note that a reviewer holds nothing."""
    _note(client, run_id, Hold("", reviewer, 0))


def _note(client: Client, run_id: str, hold: Hold) -> None:
    client.store.log_batch(run_id, tags=[Tag(_key(hold.reviewer), msgspec.json.encode(hold).decode())])


def held(client: Client, run_id: str) -> list[Hold]:
    """What is held now."""
    found = []
    for key, value in client.get_run(run_id).data.tags.items():
        if key.startswith(f"{_TAG}."):
            try:
                one = msgspec.json.decode(value, type=Hold)
            except msgspec.MsgspecError:
                continue
            if one.item_id and one.until > now_ms():
                found.append(one)
    return found


def _key(reviewer: str) -> str:
    return f"{_TAG}.{hashed('held', reviewer).hex()[:16]}"
