"""The command line ``quire``: shows and moves what the rest of the package keeps, and holds no logic of its own."""

from __future__ import annotations

from quire.cli.app import app, main

__all__ = ["app", "main"]
