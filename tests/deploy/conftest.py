"""A project with a registered model and a saved one, and endpoints that serve them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import quire
from quire.domain.endpoints import Endpoint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a store, in which ``joker`` has a version that is its champion, and the saved model ``saved``."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    quire.set_tracking_uri(f"sqlite:///{folder}/quire.db")
    messages = [{"role": "user", "content": "A joke about {animal}."}]
    quire.openai.log_model(
        "gpt-4o-mini", "chat.completions", name="joker", messages=messages, registered_model_name="joker"
    )
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    quire.openai.save_model("gpt-4o-mini", "chat.completions", str(folder / "saved"), messages=messages)
    yield folder
    quire.set_tracking_uri(None)


@pytest.fixture
def endpoint() -> Callable[..., Endpoint]:
    """An endpoint called ``joker`` that serves the champion, with other fields as given."""

    def make(**fields: object) -> Endpoint:
        return Endpoint(**{"name": "joker", "model": "models:/joker@champion", **fields})  # type: ignore[arg-type]

    return make
