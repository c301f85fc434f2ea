"""How each program begins and ends: as it is, with autologging into a store, recorded, or replayed."""

from __future__ import annotations

import sys

MODE, _, PLACE = (sys.argv[1] if len(sys.argv) > 1 else "plain=").partition("=")
"""``plain``, ``trace=STORE``, ``record=FILE`` or ``replay=FILE``."""


def start() -> None:
    """Begin what was asked for, before the client is imported."""
    import quire

    if MODE == "trace":
        quire.set_tracking_uri(PLACE)
        quire.openai.autolog()
    elif MODE == "record":
        quire.openai.record(PLACE)
    elif MODE == "replay":
        quire.openai.replay(PLACE)


def end() -> None:
    """Have the traces written."""
    if MODE == "trace":
        from quire.tracing import flush

        flush()
