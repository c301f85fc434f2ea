"""From any model URI to the place of the model's files."""

from __future__ import annotations

from quire.domain.uris import parse_model_uri
from quire.store.resolve import ResolvedModel, resolve
from quire.tracking.client import Client


def resolve_model_uri(uri: str) -> ResolvedModel:
    """Where the files of a model lie, with its ids, name and version where they are known.

    Accepts ``models:/NAME/VERSION``, ``models:/NAME@ALIAS``, ``models:/NAME/latest``, ``models:/NAME/STAGE``,
    ``models:/m-…``, ``runs:/RUN_ID/NAME`` (a model that the run logged, else a folder of its artifacts), a path, and an
    object-store URI. Raises InvalidInput for a malformed URI; NotFound, with the versions and aliases that exist.
    """
    client = Client()
    return resolve(client.store, client.registry_store, parse_model_uri(str(uri)))
