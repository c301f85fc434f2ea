"""What was seen lately is known, and forgotten when too much has come since."""

from __future__ import annotations

from quire.serving.lately import Lately


def test_the_oldest_is_forgotten_first() -> None:
    seen = Lately(most=2)
    for thing in ("a", "b", "a", "c"):
        seen.add(("t", thing))
    assert [("t", thing) in seen for thing in "abc"] == [False, True, True]
