"""The store over MLflow's REST protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.faces import face

if TYPE_CHECKING:
    from quire.store.rest.store import RestStore

__all__ = ["RestStore"]

_HOME = {
    "RestStore": "quire.store.rest.store",
}

__getattr__, __dir__ = face(__name__, _HOME)
