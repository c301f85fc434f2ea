"""The packaged models that clients ask: registered in a store, and the endpoints that serve them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import quire

STORY = [
    {"role": "system", "content": "You write fables of one sentence."},
    {"role": "user", "content": "A fable about a {animal}."},
]


def register(store: str, folder: Path) -> None:
    """Package and register every model, each with the alias ``champion``."""
    quire.set_tracking_uri(store)
    jokes = [{"role": "system", "content": "You are a comedian."}]
    _register(folder, "joker", model="gpt-4o-mini", task="chat.completions", messages=jokes)
    _register(folder, "fable", model="gpt-4o-mini", task="chat.completions", messages=STORY, temperature=0.5)
    _register(folder, "writer", model="gpt-3.5-turbo-instruct", task="completions")
    _register(folder, "embedder", model="text-embedding-3-small", task="embeddings")
    for name in ("gpt-4o", "gpt-4o-mini"):
        _register(folder, name, model=name, task="chat.completions")
    _register(folder, "text-embedding-3-small", model="text-embedding-3-small", task="embeddings")
    quire.set_tracking_uri(None)


def _register(folder: Path, name: str, **content: Any) -> None:
    quire.openai.save_model(path=str(folder / name), **content)
    version = quire.register_model(str(folder / name), name)
    quire.MlflowClient().set_registered_model_alias(name, "champion", version.version)


def endpoint(name: str, **more: Any) -> dict[str, Any]:
    """An endpoint of a registered model's name."""
    return {"name": name, "model": f"models:/{name}@champion", **more}


NAMES = ("joker", "fable", "writer", "embedder", "gpt-4o", "gpt-4o-mini", "text-embedding-3-small")
