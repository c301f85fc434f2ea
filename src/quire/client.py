"""The client, under the module name that MLflow gives it."""

from __future__ import annotations

from quire.tracking.client import Client, MlflowClient

__all__ = ["Client", "MlflowClient"]
