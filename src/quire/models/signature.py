"""Signatures, under the module name that MLflow gives them; defined in :mod:`quire.domain.signature`."""

from __future__ import annotations

from quire.domain.signature import ModelSignature
from quire.models.infer import infer_signature

__all__ = ["ModelSignature", "infer_signature"]
