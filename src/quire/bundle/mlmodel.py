"""Giving an imported ``MLmodel`` file the ids that it has in its new store."""

from __future__ import annotations

from pathlib import Path

import yaml

from quire.domain.errors import MalformedModel

_MOST_BYTES = 16 * 1024**2


def readdress(mlmodel: Path, model_id: str, run_id: str | None, location: str) -> None:
    """Replace the model id, run id and artifact location in an ``MLmodel`` file. Raises MalformedModel."""
    if mlmodel.stat().st_size > _MOST_BYTES:
        raise MalformedModel(f"The MLmodel file has more than {_MOST_BYTES} bytes.")
    try:
        content = yaml.safe_load(mlmodel.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedModel(f"The MLmodel file cannot be read as YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(content, dict):
        raise MalformedModel("The MLmodel file is not a mapping.")
    content["model_id"] = model_id
    if run_id is None:
        content.pop("run_id", None)
    else:
        content["run_id"] = run_id
    if "artifact_path" in content:
        content["artifact_path"] = location
    mlmodel.write_text(yaml.safe_dump(content, sort_keys=True, allow_unicode=True), encoding="utf-8")
