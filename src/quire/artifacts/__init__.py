"""Artifact files, on local disk and in object stores."""

from __future__ import annotations

from quire.artifacts.access import download_artifacts, list_artifacts, load_dict, load_image, load_text
from quire.artifacts.base import ArtifactStore
from quire.artifacts.local import LocalArtifacts
from quire.artifacts.opening import open_artifacts

__all__ = [
    "ArtifactStore",
    "LocalArtifacts",
    "download_artifacts",
    "list_artifacts",
    "load_dict",
    "load_image",
    "load_text",
    "open_artifacts",
]
