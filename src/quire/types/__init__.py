"""Types of columns and parameters, under MLflow's names."""

from __future__ import annotations

from quire.types import schema
from quire.types.schema import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

__all__ = ["ColSpec", "DataType", "ParamSchema", "ParamSpec", "Schema", "TensorSpec", "schema"]
