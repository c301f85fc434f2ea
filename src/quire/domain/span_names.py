"""The names of MLflow's span attributes and trace metadata that more than one part of Quire writes or reads."""

from __future__ import annotations

INPUTS = "mlflow.spanInputs"
OUTPUTS = "mlflow.spanOutputs"
TYPE = "mlflow.spanType"
MODEL = "mlflow.llm.model"
USAGE = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"
DESCRIPTION = "mlflow.spanDescription"
LOG_LEVEL = "mlflow.spanLogLevel"
MODEL_ID = "mlflow.modelId"
"""The logged model that a trace or span used."""
