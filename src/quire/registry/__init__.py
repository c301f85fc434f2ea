"""The registry: naming a model, numbering its versions, and finding one again by any of its URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.faces import face

if TYPE_CHECKING:
    from quire.registry.register import register_model, set_model_version_tag
    from quire.registry.resolve import resolve_model_uri
    from quire.registry.search import search_model_versions, search_registered_models
    from quire.store.resolve import ResolvedModel

__all__ = [
    "ResolvedModel",
    "register_model",
    "resolve_model_uri",
    "search_model_versions",
    "search_registered_models",
    "set_model_version_tag",
]

_HOME = {
    "ResolvedModel": "quire.store.resolve",
    "register_model": "quire.registry.register",
    "resolve_model_uri": "quire.registry.resolve",
    "search_model_versions": "quire.registry.search",
    "search_registered_models": "quire.registry.search",
    "set_model_version_tag": "quire.registry.register",
}

__getattr__, __dir__ = face(__name__, _HOME)
