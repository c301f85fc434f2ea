"""The index of the texts of traces: which traces may hold a text. The condition of a search decides which do.

It covers traces up to a row number that grows by a block of 1,024; newer ones, and those whose spans came after their
block was made (``trace_text_late``), are always looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.text_signatures import PER_BLOCK, block_parts, parts_of, pattern_slots, places

_TURN = "the index of texts"
_WAITING = PER_BLOCK + 256
"""Traces that are in no block yet when the next is made: of the newest, spans may still come."""
_MOST_OUTSIDE = 20_000
_END = Statement("SELECT max(block) FROM trace_text WHERE part = 0")
_ADD = Statement("INSERT INTO trace_text (part, block, data) VALUES (:part, :block, :data) ON CONFLICT DO NOTHING")
_PARTS = Statement("SELECT block, part, data FROM trace_text WHERE part = ANY(:ids)")
_CONTENTS = Statement("SELECT trace_id, content FROM spans WHERE trace_id >= :first AND trace_id < :end")
_ADD_LATE = Statement("INSERT INTO trace_text_late (trace_id) VALUES (:trace) ON CONFLICT DO NOTHING")
_OUTSIDE = Statement("SELECT trace_id FROM trace_text_late UNION SELECT id FROM traces WHERE id >= :end LIMIT :count")


def begin_writing_spans(session: Session) -> int:
    """Keep blocks from being made by others until this transaction ends; the first row number that is in none."""
    session.share_turn(_TURN)
    return _end(session)


def follow_spans(session: Session, numbers: Iterable[int], end: int) -> None:
    """Spans of the traces of these row numbers were written: note those in a block already, make a block that is due.

    ``end`` is what :func:`begin_writing_spans` gave.
    """
    newest = 0
    late = []
    for number in numbers:
        newest = max(newest, number)
        if number < end:
            late.append((number,))
    session.insert(_ADD_LATE, sorted(late))
    if newest >= end + _WAITING and session.claim_turn(_TURN):
        _add_block(session, end // PER_BLOCK)


def _end(session: Session) -> int:
    row = session.row(_END)
    return 0 if row is None or row[0] is None else (int(row[0]) + 1) * PER_BLOCK


def _add_block(session: Session, block: int) -> None:
    first = block * PER_BLOCK
    contents: dict[int, list[bytes]] = defaultdict(list)
    for number, content in session.rows(_CONTENTS, (first, first + PER_BLOCK)):
        contents[number - first].append(bytes(content))
    parts = block_parts({place: b"\0".join(texts) for place, texts in contents.items()})
    session.insert(_ADD, [(part, block, data) for part, data in enumerate(parts) if part == 0 or any(data)])


def traces_with_text(session: Session, pattern: str, *, ignore_case: bool, most: int) -> set[int] | None:
    """Row numbers of all traces that may hold text that fits a LIKE pattern; None if the index does not tell.

    It does not for patterns without three letters in a row, nor if more than ``most`` traces in it may hold it.
    """
    slots = pattern_slots(pattern, ignore_case=ignore_case)
    end = _end(session) if slots else 0
    if not end:
        return None
    outside = session.rows(_OUTSIDE, (end, _MOST_OUTSIDE + 1))
    if len(outside) > _MOST_OUTSIDE:
        return None
    blocks: dict[int, dict[int, bytes]] = defaultdict(dict)
    for block, part, data in session.rows_of(_PARTS, wanted := parts_of(slots)):
        blocks[block][part] = data
    found = {row[0] for row in outside}
    most += len(found)
    for block, parts in blocks.items():
        if len(parts) == len(wanted):
            found.update(block * PER_BLOCK + place for place in places(parts, slots))
            if len(found) > most:
                return None
    return found
