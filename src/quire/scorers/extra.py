"""Libraries that some scorers need and the base install leaves out: ``quire[text]``."""

from __future__ import annotations

import importlib
from types import ModuleType

from quire.domain.errors import MissingExtra

_PACKAGES = {
    "jsonschema_rs": "jsonschema-rs",
    "rapidfuzz.distance": "rapidfuzz",
    "rouge_score.rouge_scorer": "rouge-score",
    "sacrebleu": "sacrebleu",
}


def need(module: str, scorer: str) -> ModuleType:
    """The module, imported. Raises MissingExtra, naming the extra, where its package is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = _PACKAGES.get(module, module)
        raise MissingExtra(
            f"{scorer} needs the package {package} ({error}). Install it with: pip install 'quire[text]'"
        ) from None
