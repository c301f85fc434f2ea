"""The tracking and registry server: MLflow's REST protocol over a store, and what MLflow lacks beside it."""

from quire.server.settings import Settings

__all__ = ["Settings"]
