"""Giving an imported ``MLmodel`` file the ids that it has in its new store."""

from __future__ import annotations

from pathlib import Path

from quire.models.yamltext import dump_yaml, parse_mapping


def readdress(mlmodel: Path, model_id: str, run_id: str | None, location: str) -> None:
    """Replace the model id, run id and artifact location in an ``MLmodel`` file. Raises MalformedModel."""
    content = parse_mapping(mlmodel.read_bytes(), "MLmodel")
    content["model_id"] = model_id
    if run_id is None:
        content.pop("run_id", None)
    else:
        content["run_id"] = run_id
    if "artifact_path" in content:
        content["artifact_path"] = location
    mlmodel.write_text(dump_yaml(content), encoding="utf-8")
