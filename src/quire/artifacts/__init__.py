"""Artifact files, on local disk and in object stores."""

from __future__ import annotations

from quire.artifacts.base import ArtifactStore
from quire.artifacts.local import LocalArtifacts
from quire.artifacts.opening import open_artifacts

__all__ = ["ArtifactStore", "LocalArtifacts", "open_artifacts"]
