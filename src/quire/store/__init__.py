"""Stores: where experiments, runs, models and versions are kept."""

from __future__ import annotations

from quire.store.base import Store
from quire.store.opening import open_store

__all__ = ["Store", "open_store"]
