"""The registry: naming a model, numbering its versions, and finding one again by any of its URIs."""

from __future__ import annotations

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
