"""Quire: package, track, compare, evaluate and serve OpenAI applications."""

from __future__ import annotations

from quire._version import __version__

__all__ = ["__version__"]
