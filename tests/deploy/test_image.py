"""The image, without a daemon that builds it: what its steps do is done in a folder, and what it runs is run so."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "deploy" / "Dockerfile").read_text()
USER = 10001


def instructions() -> list[tuple[str, str]]:
    """The steps of the Dockerfile, each with its arguments."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")))
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


def last(name: str) -> str:
    return [text for kind, text in instructions() if kind == name][-1]


def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(text for kind, text in instructions() if kind == "ENV")))


def test_the_image_runs_as_a_user_without_rights_and_knows_whether_it_is_well() -> None:
    assert len([kind for kind, _ in instructions() if kind == "FROM"]) == 2
    assert last("USER") == f"{USER}:{USER}"
    after = [kind for kind, _ in instructions()][-4:]
    assert "RUN" not in after, "nothing is done as root after the user was set"
    command = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    compile(command[-1], "healthcheck", "exec")
    assert (json.loads(last("ENTRYPOINT")), json.loads(last("CMD"))) == (["quire"], ["server"])
    assert environment()["QUIRE_AUTH"] == "1"


def test_the_image_names_no_registry_and_holds_no_secret() -> None:
    assert {text.split()[0] for kind, text in instructions() if kind == "FROM"} == {"python:${PYTHON}"}
    assert not re.search(r"PASSWORD|SECRET|TOKEN|index-url|https://", TEXT)


def test_what_is_copied_is_sent_to_the_builder() -> None:
    ignored = (REPOSITORY / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    copied = [text.split()[:-1] for kind, text in instructions() if kind == "COPY" and "--from" not in text]
    assert {name for names in copied for name in names} == kept
    assert all((REPOSITORY / name).exists() for name in kept)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(REPOSITORY)], check=True, capture_output=True)
    return next(folder.glob("quire-*.whl"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    source = REPOSITORY / "src"
    tracked = subprocess.run(
        ["git", "ls-files", "src"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {str((REPOSITORY / name).relative_to(source)) for name in tracked if (REPOSITORY / name).exists()} <= names
    assert {name for name in names if not (source / name).is_file()} == set()
    assert any(re.fullmatch(r"quire/store/sql/migrations/versions/0001_\w+\.py", name) for name in names)
    assert "quire/py.typed" in names
    assert not any(part in name for name in names for part in ("tests/", "__pycache__", ".env"))


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """A folder with what the first stage makes: the steps of the Dockerfile, in this folder rather than at the top."""
    folder = Path(tempfile.mkdtemp(prefix="quire-image-"))
    folder.chmod(0o755)
    build = folder / "build"
    build.mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "requirements.lock", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, build)
    shutil.copytree(REPOSITORY / "src", build / "src", ignore=shutil.ignore_patterns("__pycache__"))
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(REPOSITORY / "ui", build / "ui", ignore=ignored)
    if (REPOSITORY / "ui" / "node_modules").exists():  # what npm would bring: the builder needs minutes for it
        (build / "ui" / "node_modules").symlink_to((REPOSITORY / "ui" / "node_modules").resolve())
    steps = [text for kind, text in instructions() if kind == "RUN" and "useradd" not in text]
    assert len(steps) == 4
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for step in steps:
        command = re.sub(r"(?<![\w/])/quire\b", str(folder / "quire"), step)
        done = subprocess.run(["sh", "-ec", command], cwd=build, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    yield folder
    shutil.rmtree(folder)


# In name spaces of its own: every file system read-only but DATA, the interpreter of the virtual environment where
# others may read it, and then no rights of root any more.
_CLOSED = """
mount -t tmpfs -o mode=755 tmpfs "$STAGE"
mkdir "$STAGE/python" && mount --bind "$BASE" "$STAGE/python"
if [ -n "$HIDDEN" ]; then
  mount -t tmpfs -o mode=755 tmpfs "$HIDDEN" && mkdir -p "$BASE" && mount --bind "$STAGE/python" "$BASE"
fi
mount -t tmpfs tmpfs "$DATA" && chown "$USER_ID" "$DATA"
mount -o remount,bind,ro / && cd "$DATA"
exec setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --no-new-privs --bounding-set -all \
  --inh-caps -all "$@"
"""


def _hidden(path: Path) -> str:
    """The first folder on the way to a path that not everybody may enter."""
    for part in [*reversed(path.parents), path]:
        if not part.stat().st_mode & 0o001:
            return str(part)
    return ""


def closed(folder: Path, *command: str, **variables: str) -> subprocess.Popen[str]:
    """Run a command as the image does, without rights and without a place to write to but its own."""
    for name in ("data", "stage"):
        (folder / name).mkdir(exist_ok=True)
    base = Path(sys.base_prefix)
    given = {
        "STAGE": str(folder / "stage"),
        "BASE": str(base),
        "HIDDEN": _hidden(base),
        "DATA": str(folder / "data"),
        "USER_ID": str(USER),
        **{name: value for name, value in environment().items() if name.startswith(("QUIRE", "PYTHON"))},
        "PATH": f"{folder}/quire/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "TMPDIR": str(folder / "data"),
        "HOME": str(folder / "data"),
        **variables,
    }
    whole = ["unshare", "--mount", "sh", "-ec", _CLOSED, "closed", *command]
    return subprocess.Popen(whole, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _said(folder: Path, *command: str) -> str:
    process = closed(folder, *command)
    text: str = process.communicate(timeout=60)[0]
    return text


@pytest.fixture(scope="module")
def closing(image: Path) -> Path:
    """The image, where a command can be closed in as it is closed in by a container."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("closing a process in needs root, unshare and setpriv")
    said = _said(image, "sh", "-c", f"id -u; touch {image}/x; touch {image}/data/x && echo wrote")
    if "mount" in said or "unshare" in said:
        pytest.skip(f"a process cannot be closed in here: {said}")
    assert f"{USER}\n" in said
    assert "Read-only file system" in said
    assert said.endswith("wrote\n")
    return image


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_server_runs_closed_in(closing: Path, postgres_uri: str, bucket: str) -> None:
    port = _free_port()
    server = {
        "QUIRE_PORT": port,
        "QUIRE_TRACKING_URI": postgres_uri,
        "QUIRE_BACKEND_STORE_URI": postgres_uri,
        "QUIRE_ARTIFACTS_DESTINATION": bucket,
        "QUIRE_ALLOWED_HOSTS": "127.0.0.1",
        "QUIRE_AUTH_ADMIN_PASSWORD": "correct horse battery",
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
    }
    upgrade = closed(closing, "quire", "db", "upgrade", **server)
    assert "its tables were made" in " ".join(upgrade.communicate(timeout=60)[0].split())
    assert upgrade.returncode == 0
    process = closed(closing, *json.loads(last("ENTRYPOINT")), *json.loads(last("CMD")), **server)
    try:
        _wait(port, process)
        health = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
        assert closed(closing, *health, QUIRE_PORT=port).wait(60) == 0
        files = f"http://127.0.0.1:{port}/api/2.0/mlflow-artifacts/artifacts/0/file"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(files, timeout=30)
        data = bytes(1 << 20)
        assert _ask(files, "PUT", data) == b"{}"
        assert _ask(files, "GET") == data
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert closed(closing, *health, QUIRE_PORT=port).wait(60) != 0, "a server that is gone is not well"


def _ask(url: str, method: str, data: bytes | None = None) -> bytes:
    from tests.server.auth.conftest import basic

    request = urllib.request.Request(url, data, basic("admin"), method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def _wait(port: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except OSError:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
