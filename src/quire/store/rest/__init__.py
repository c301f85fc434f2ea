"""The store over MLflow's REST protocol."""

from __future__ import annotations

from quire.store.rest.store import RestStore

__all__ = ["RestStore"]
