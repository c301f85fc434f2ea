"""Searching registered models and their versions across pages."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.registry import ModelVersion, RegisteredModel
from quire.tracking.client import Client
from quire.tracking.experiments import collect


def search_registered_models(
    max_results: int | None = None, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[RegisteredModel]:
    """Every registered model that matches (at most ``max_results``), by name unless ordered otherwise."""
    client = Client()
    return collect(
        lambda size, token: client.search_registered_models(filter_string, size, order_by, token), max_results
    )


def search_model_versions(
    max_results: int | None = None, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[ModelVersion]:
    """Every version that matches (at most ``max_results``), newest update first unless ordered otherwise."""
    client = Client()
    return collect(lambda size, token: client.search_model_versions(filter_string, size, order_by, token), max_results)
