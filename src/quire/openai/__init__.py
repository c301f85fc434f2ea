"""Packaging an OpenAI application: saving, logging and loading it, under the names of MLflow's ``openai``."""

from __future__ import annotations

from quire.openai.flavor import load_model, log_model, save_model

__all__ = ["load_model", "log_model", "save_model"]
