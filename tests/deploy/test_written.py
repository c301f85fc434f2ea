"""What `quire deploy` writes: complete, without a secret, readable by a user without rights, noted in the store."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import quire
from quire.deploy import KINDS, Kind, carry_out, make_plan, write
from quire.domain.endpoints import Endpoint, Upstream
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, MalformedModel, NotFound
from quire.serving.endpoint_file import load_endpoints
from quire.store.current import current_store
from quire.store.serving import serving_of

Make = Callable[..., Endpoint]
IMAGE = {".dockerignore", ".gitignore", "Dockerfile", "endpoints.yaml", "env.example", "versions.txt"}
FILES = {
    "docker": IMAGE,
    "compose": {*IMAGE, "compose.yaml"},
    "kubernetes": {*IMAGE, "kubernetes.yaml"},
    "ray-serve": {
        *(".gitignore", "asgi.py", "endpoints.yaml", "env.example", "requirements.txt", "serve.yaml", "serve_app.py"),
    },
}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A file that passes for a wheel, which is copied faster than a checkout."""
    path = tmp_path / "quire-0.1.0-py3-none-any.whl"
    path.write_bytes(b"a wheel")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_files(kind: Kind, project: Path, endpoint: Make, wheel: Path) -> None:
    done = write(kind, make_plan([endpoint()]), project / "out", source=wheel)
    assert set(done.files) == FILES[kind]
    assert {path.name for path in (project / "out").iterdir()} == FILES[kind] | {"quire"}
    assert load_endpoints(project / "out" / "endpoints.yaml") == [endpoint()]


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_written(
    kind: Kind, project: Path, endpoint: Make, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-abcdefghijklmnop1234567890")
    monkeypatch.setenv("QUIRE_TRACKING_URI", "postgresql://quire:sesame-open@db/quire")
    plan = make_plan([endpoint(fallbacks=[Upstream(name="west", api_key_env="WEST_KEY")])])
    done = write(kind, plan, project / "out", source=wheel)
    texts = [path.read_text() for path in (project / "out").rglob("*") if path.suffix != ".whl" and path.is_file()]
    assert not any(word in text for text in texts for word in ("sk-proj", "sesame"))
    assert done.variables == ["OPENAI_API_KEY", "QUIRE_TRACKING_URI", "WEST_KEY"]
    example = (project / "out" / "env.example").read_text()
    assert re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE) == [(name, "") for name in done.variables]


def test_models_that_are_baked_in_are_copied_and_readable_by_everybody(
    project: Path, endpoint: Make, wheel: Path
) -> None:
    before = os.umask(0o077)
    try:
        write("docker", make_plan([endpoint()], baked=True), project / "out", source=wheel)
    finally:
        os.umask(before)
    folder = project / "out"
    loaded = quire.pyfunc.load_model(load_endpoints(folder / "endpoints.yaml")[0].model)
    assert loaded.package.variables == {"animal"}
    for path in [*folder.rglob("models/**/*"), folder / "endpoints.yaml", folder / "versions.txt"]:
        others = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
        assert path.stat().st_mode & others == others, path
    assert "# models/joker is models:/joker@champion, version 1" in (folder / "endpoints.yaml").read_text()


def test_a_model_that_cannot_be_served_is_not_baked_in(project: Path, endpoint: Make, wheel: Path) -> None:
    with pytest.raises(NotFound, match="joker"):
        write("docker", make_plan([endpoint(model="models:/joker/9")], baked=True), project / "out", source=wheel)
    (project / "broken").mkdir()
    (project / "broken" / "MLmodel").write_text("flavors: {sklearn: {}}")
    with pytest.raises(MalformedModel, match="sklearn"):
        write("docker", make_plan([endpoint(model="broken")]), project / "out2", source=wheel)


def test_files_of_others_are_kept(project: Path, endpoint: Make, wheel: Path) -> None:
    folder = project / "out"
    plan = make_plan([endpoint()], baked=True)
    write("docker", plan, folder, source=wheel)
    (folder / ".env").write_text("OPENAI_API_KEY=mine")
    (folder / "models" / "old").mkdir()
    with pytest.raises(AlreadyExists, match="--overwrite"):
        write("docker", plan, folder, source=wheel)
    write("compose", plan, folder, source=wheel, overwrite=True)
    assert (folder / ".env").read_text() == "OPENAI_API_KEY=mine"
    assert not (folder / "models" / "old").exists(), "a model that is not served any more is not left in the image"
    (project / "file").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        write("docker", plan, project / "file", source=wheel)


def test_quire_comes_from_where_it_is_installed_from(project: Path, endpoint: Make, tmp_path: Path) -> None:
    from quire.deploy.source import Source, find_source, installed_versions

    checkout = Path(__file__).resolve().parents[2]
    assert find_source(checkout).requirement == "./quire[postgres]"
    Source(checkout).copy_to(project)
    copied = {path.relative_to(project / "quire").parts[0] for path in (project / "quire").rglob("*")}
    assert copied == {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src"}
    assert not list((project / "quire").rglob("__pycache__"))
    assert Source().requirement == f"quire[postgres]=={quire.__version__}"
    with pytest.raises(InvalidInput, match="neither a checkout of Quire"):
        find_source(tmp_path)
    lines = installed_versions().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][^+ ]*", line) for line in lines)
    assert {"msgspec", "openai", "uvicorn"} <= {line.partition("==")[0] for line in lines}


def test_a_deployment_is_noted(project: Path, endpoint: Make, wheel: Path) -> None:
    plan = make_plan([endpoint(), endpoint(name="poet")], name="jokes")
    done = carry_out(plan, kind="compose", folder=project / "out", source=wheel)
    noted = serving_of(current_store()).list_deployments()
    assert noted == [done.deployment]
    assert (noted[0].kind, noted[0].name, noted[0].endpoints) == ("compose", "jokes", ["joker", "poet"])
    assert noted[0].target == f"written to {project}/out"
    assert done.by_hand == ["docker compose up --build --detach --wait"]
    assert "which servers elsewhere do not reach" in done.warnings[0]
    baked = carry_out(make_plan([endpoint()], baked=True), kind="docker", folder=project / "baked", source=wheel)
    assert baked.warnings == []


def test_without_a_store_nothing_is_noted_and_none_is_made(project: Path, endpoint: Make, wheel: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{project}/none.db")
    done = carry_out(make_plan([endpoint(model="saved")]), kind="docker", folder=project / "out", source=wheel)
    assert done.deployment is None
    assert not (project / "none.db").exists()


def tool(folder: Path, name: str, code: int = 0) -> Path:
    """A program that notes how it was called."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\necho "$OPENAI_API_KEY" >/dev/null\nexit {code}\n')
    path.chmod(0o755)
    return folder


def test_it_is_run_with_the_tools_that_are_there(
    project: Path, endpoint: Make, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tool(tmp_path / 'bin', 'podman')}:{tool(tmp_path / 'bin', 'kubectl')}:/usr/bin:/bin")
    monkeypatch.setattr("quire.deploy.tools.BUILDERS", ("podman",))
    plan = make_plan([endpoint()], name="jokes")
    done = carry_out(plan, kind="kubernetes", folder=project / "out", source=wheel, ran=True)
    assert (tmp_path / "bin" / "calls").read_text().splitlines() == [
        f"podman build --tag jokes:{quire.__version__} .",
        f"podman push jokes:{quire.__version__}",
        "kubectl apply --filename kubernetes.yaml",
        "kubectl rollout status deployment/jokes --timeout=5m",
    ]
    assert done.deployment is not None
    assert done.deployment.target == f"run from {project}/out"


def test_a_tool_that_is_missing_or_fails_is_named_with_what_to_run(
    project: Path, endpoint: Make, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan([endpoint()], name="jokes")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(InvalidState, match=r"docker and kubectl is not installed here.*run there: docker build --tag"):
        carry_out(plan, kind="kubernetes", folder=project / "out", source=wheel, ran=True)
    monkeypatch.setenv("PATH", f"{tool(tmp_path / 'bin', 'docker', code=7)}:/usr/bin:/bin")
    with pytest.raises(InvalidState, match=r"`docker build .*` ended with the exit code 7"):
        carry_out(plan, kind="docker", folder=project / "out2", source=wheel, ran=True)
    targets = [one.target.split()[0] for one in serving_of(current_store()).list_deployments()]
    assert targets == ["written", "written"]


def test_secrets_reach_docker_by_name(project: Path, endpoint: Make, wheel: Path) -> None:
    done = write("docker", make_plan([endpoint()]), project / "out", source=wheel)
    start = done.commands[-1]
    assert [start[at + 1] for at, word in enumerate(start) if word == "--env"] == [
        "OPENAI_API_KEY",
        "QUIRE_TRACKING_URI",
    ]
    assert {"--read-only", "no-new-privileges", "ALL", "127.0.0.1:8080:8080"} <= set(start)


def test_the_ray_application_names_what_it_serves(project: Path, endpoint: Make, wheel: Path) -> None:
    write("ray-serve", make_plan([endpoint()], name="jokes", replicas=3), project / "out", source=wheel)
    text = (project / "out" / "serve_app.py").read_text()
    compile(text, "serve_app.py", "exec")
    assert '"min_replicas": 3' in text
    config = yaml.safe_load((project / "out" / "serve.yaml").read_text())
    assert config["applications"] == [
        {
            "name": "jokes",
            "route_prefix": "/",
            "import_path": "serve_app:app",
            "runtime_env": {"env_vars": {"QUIRE_AUTH": "1"}},
        }
    ]
    assert (project / "out" / "requirements.txt").read_text().splitlines()[0].endswith(".whl[postgres]")
