from __future__ import annotations

import pytest

from quire.domain.alias_events import AliasEvent, AliasEventKind, alias_events, event_tag, version_before
from quire.domain.names import check_key

Move = tuple[AliasEventKind, int | None, int | None]


def events(*moves: Move) -> list[AliasEvent]:
    return [AliasEvent(alias="c", kind=kind, old=old, new=new, at=at) for at, (kind, old, new) in enumerate(moves)]


@pytest.mark.parametrize(
    ("moves", "current", "before"),
    [
        ([], 1, None),
        ([], None, None),
        ([("set", None, 1)], 1, None),
        ([("set", None, 1), ("set", 1, 2)], 2, 1),
        ([("set", 1, 2)], 2, 1),
        ([("set", None, 1), ("set", 1, 2), ("set", 2, 3)], 3, 2),
        ([("set", None, 1), ("set", 1, 2), ("set", 2, 3), ("rollback", 3, 2)], 2, 1),
        ([("set", None, 1), ("set", 1, 2), ("rollback", 2, 1)], 1, None),
        ([("set", None, 1), ("set", 1, 2), ("rollback", 2, 1), ("set", 1, 2)], 2, 1),
        ([("set", None, 1), ("set", 1, 2), ("set", 2, 1)], 1, 2),
        ([("set", None, 1), ("delete", 1, None)], None, 1),
        ([("set", None, 1), ("delete", 1, None), ("rollback", None, 1)], 1, None),
        ([("set", None, 1)], 5, 1),
        ([("set", None, 1), ("set", 4, 5)], 5, 4),
        ([("set", None, 1), ("set", 1, 2), ("set", 2, 3)], 2, 1),
        ([("set", 1, 2), ("rollback", 2, 1)], 2, 1),
    ],
    ids=[
        "nothing recorded",
        "no alias",
        "first",
        "second",
        "where another client began",
        "third",
        "rolled back",
        "rolled back to the first",
        "rollback taken back",
        "set to an earlier one",
        "deleted",
        "deletion taken back",
        "moved by another client since",
        "moved by another client between",
        "recorded but not done",
        "rollback taken back by another client",
    ],
)
def test_the_version_before(moves: list[Move], current: int | None, before: int | None) -> None:
    assert version_before(events(*moves), current) == before


@pytest.mark.parametrize("alias", ["champion", "a" * 255])
def test_events_are_tags_of_their_own(alias: str) -> None:
    event = AliasEvent(alias=alias, kind="set", new=1, at=1, by="ann", reason="better")
    pairs = [event_tag(event) for _ in range(10)]
    assert len(dict(pairs)) == 10
    for key, _value in pairs:
        assert check_key(key, "tag key") is None
    assert list(alias_events(dict(pairs), alias).values()) == [event] * 10
    assert alias_events(dict(pairs), "other") == {}


def test_events_are_read_oldest_first_and_other_tags_are_passed_over() -> None:
    late, early = (AliasEvent(alias="c", kind="set", new=at, at=at) for at in (20, 3))
    tags = dict([event_tag(late), event_tag(early)]) | {"quire.alias.c.x": "not JSON", "team": "a"}
    assert [event.new for event in alias_events(tags).values()] == [3, 20]
