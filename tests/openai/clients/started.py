"""How each program begins and ends: with autologging, if it is told a store, and as it is, if not."""

from __future__ import annotations

import sys


def start() -> None:
    """``program.py STORE`` traces into a store; ``program.py`` runs as anybody wrote it."""
    if len(sys.argv) > 1:
        import quire

        quire.set_tracking_uri(sys.argv[1])
        quire.openai.autolog()


def end() -> None:
    """Have the traces written."""
    if len(sys.argv) > 1:
        from quire.tracing import flush

        flush()
