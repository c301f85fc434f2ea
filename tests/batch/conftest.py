from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quire.domain.calls import Task
from quire.domain.package import make_package
from quire.domain.schema import ParamSchema
from quire.domain.signature import ModelSignature
from quire.models import save_package

MakeModel = Callable[..., str]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Saves a model as a folder and returns its path."""
    numbers = itertools.count()

    def make(
        content: str = "Say {word}",
        task: Task = "chat.completions",
        params: ParamSchema | None = None,
        **fixed: Any,
    ) -> str:
        keywords: dict[str, Any] = {"messages": [{"role": "user", "content": content}], **fixed}
        if task == "embeddings":
            keywords = dict(fixed)
        elif task == "completions":
            keywords = {"prompt": content, **fixed}
        package = make_package("gpt-4o-mini", task, keywords, ModelSignature(params=params))
        folder = tmp_path / f"model-{next(numbers)}"
        save_package(folder, package)
        return str(folder)

    return make
