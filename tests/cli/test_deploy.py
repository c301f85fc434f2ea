"""``quire deploy``, ``quire models build-image`` and ``quire deployments``, by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from quire._version import __version__
from tests.cli.conftest import Quire


@pytest.fixture
def wheel(workspace: Path) -> str:
    """A file that passes for a wheel, which is copied faster than a checkout."""
    path = workspace / "quire-0.1.0-py3-none-any.whl"
    path.write_bytes(b"a wheel")
    return str(path)


def test_endpoints_of_all_kinds_of_sources_are_deployed(
    quick: Quire, project: list[str], workspace: Path, wheel: str
) -> None:
    quick("endpoints", "create", "joker=models:/joker@champion", "--set", "retrying.timeout_s=9")
    (workspace / "more.yaml").write_text("endpoints: [{name: poet, model: models:/joker/2}]")
    done = quick(
        *("deploy", "compose", "-e", "joker", "-e", "dry=models:/joker/3", "-f", "more.yaml"),
        *("--name", "jokes", "--quire-home", wheel),
    )
    assert done.code == 0, done.err
    assert "Set first: OPENAI_API_KEY, QUIRE_TRACKING_URI" in done.out
    assert "  docker compose up --build --detach --wait" in done.out
    text = (workspace / "jokes" / "endpoints.yaml").read_text()
    assert [line for line in text.splitlines() if "model:" in line] == [
        "  model: models:/joker/2",
        "  model: models:/joker@champion",
        "  model: models:/joker/3",
    ]
    assert "timeout_s: 9.0" in text
    listed = quick("deployments", "list", "--json").json["deployments"]
    assert [(one["kind"], one["name"], one["endpoints"]) for one in listed] == [
        ("compose", "jokes", ["poet", "joker", "dry"])
    ]
    head, row = quick("deployments", "list").out.splitlines()
    assert head.split() == ["id", "kind", "name", "endpoints", "when", "by", "target"]
    assert f"written to {workspace}/jokes" in row


def test_a_model_is_built_into_an_image_with_mlflows_options(
    quick: Quire, project: list[str], workspace: Path, wheel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workspace / "nothing"))
    done = quick(
        *("models", "build-image", "-m", "joker@champion", "-n", "team/joker:1", "--env-manager", "local"),
        *("--quire-home", wheel),
    )
    assert done.code == 0, done.err
    assert "Then run there:\n  docker build --tag team/joker:1 .\n" in done.out
    folder = workspace / "joker-image"
    assert (folder / "models" / "joker" / "MLmodel").exists()
    assert "name: joker\n  model: models/joker" in (folder / "endpoints.yaml").read_text()


def test_an_image_is_built_where_a_builder_is(
    quick: Quire, project: list[str], workspace: Path, wheel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = workspace / "bin" / "docker"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\npwd > {workspace}/called\necho "$@" >> {workspace}/called\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    done = quick("models", "build-image", "-m", "joker/2", "-n", "joker", "-d", "out", "--quire-home", wheel, "--json")
    assert done.json["ran"] is True
    assert (workspace / "called").read_text() == f"{workspace}/out\nbuild --tag joker .\n"
    assert quick("deployments", "list", "--json").json["deployments"][0]["target"] == f"run from {workspace}/out"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["deploy", "helm", "-e", "joker=models:/joker/1"], "expected one of docker, compose, kubernetes, ray-serve"),
        (["deploy", "docker"], "There is no endpoint to deploy"),
        (["deploy", "docker", "-e", "none"], "No endpoint is named 'none'"),
        (["deploy", "docker", "-e", "a=models:/joker/1", "-e", "a=models:/joker/2"], "Several endpoints are named 'a'"),
        (["deploy", "docker", "-e", "a=folder", "--from-store"], "on this machine alone"),
        (["deploy", "docker", "-e", "a=models:/joker/9", "--bake"], "has no version 9"),
        (["deploy", "docker", "-e", "a=models:/joker/1", "--name", "A B"], "lowercase letters"),
        (["deploy", "docker", "-e", "a=models:/joker/1", "-f", "none.yaml"], "There is no file"),
        (["deploy", "docker", "-e", "a=models:/joker/1", "--quire-home", "none"], "neither a checkout of Quire"),
        (["deploy", "docker", "-e", "a=models:/joker/1", "-o", "full"], "holds files already"),
        (["models", "build-image", "-m", "joker/9"], "has no version 9"),
        (["models", "build-image", "-m", "joker/1", "-n", "A B"], "name is 'A B'"),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_one_line(
    quick: Quire, project: list[str], workspace: Path, words: list[str], message: str
) -> None:
    (workspace / "full").mkdir()
    (workspace / "full" / "mine").write_text("")
    done = quick(*words)
    assert done.code == 1
    assert message in done.err
    assert done.err.count("\n") == 1
    assert quick("deployments", "list").out == "No deployments are recorded.\n"


def test_a_missing_tool_is_an_error_that_says_what_to_run(
    quick: Quire, project: list[str], workspace: Path, wheel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workspace / "nothing"))
    done = quick("deploy", "ray-serve", "-e", "a=models:/joker/1", "--run", "--quire-home", wheel)
    assert done.code == 1
    assert "serve is not installed here" in done.err
    assert "serve run serve_app:app" in done.err
    assert (workspace / "quire-serve" / "serve_app.py").exists()


def test_the_version_of_the_image_is_quires(quick: Quire, project: list[str], workspace: Path, wheel: str) -> None:
    quick("deploy", "kubernetes", "-e", "a=models:/joker/1", "--quire-home", wheel)
    assert f"image: quire-serve:{__version__}" in (workspace / "quire-serve" / "kubernetes.yaml").read_text()
