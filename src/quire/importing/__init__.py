"""Bringing what another tracker holds into a Quire store: MLflow's database and its artifact folder."""

from __future__ import annotations

from quire.importing.mlflow import import_mlflow
from quire.importing.report import Report

__all__ = ["Report", "import_mlflow"]
