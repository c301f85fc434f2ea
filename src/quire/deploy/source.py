"""Where an image gets Quire from, and in which versions: the same as runs here."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from quire._version import __version__
from quire.domain.errors import InvalidInput

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SOURCE = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
FOLDER = "quire"
EXTRAS = "postgres"


class Source(msgspec.Struct, frozen=True):
    """Quire as it is installed from: a checkout or a wheel on this machine, or (without one) the package index."""

    path: Path | None = None

    @property
    def requirement(self) -> str:
        """What pip is told to install, from the build context's folder."""
        if self.path is None:
            return f"quire[{EXTRAS}]=={__version__}"
        inner = f"{FOLDER}/{self.path.name}" if self.path.is_file() else FOLDER
        return f"./{inner}[{EXTRAS}]"

    def copy_to(self, context: Path) -> None:
        """Copy what pip installs into a build context; nothing for the package index."""
        if self.path is None:
            return
        target = context / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        if self.path.is_file():
            shutil.copyfile(self.path, target / self.path.name)
            return
        for name in _SOURCE:
            shutil.copyfile(self.path / name, target / name)
        shutil.copytree(self.path / "src", target / "src", ignore=shutil.ignore_patterns("__pycache__", ".*"))


def find_source(given: Path | None = None) -> Source:
    """The source that was given, else the one that the running Quire was installed from.

    Raises InvalidInput for a path that is neither a checkout of Quire nor a wheel.
    """
    if given is None:
        installed = _installed_from()
        return Source(installed if installed is not None and _is_source(installed) else None)
    path = given.absolute()
    if not _is_source(path):
        raise InvalidInput(
            f"{str(given)!r} is neither a checkout of Quire (a folder with pyproject.toml and src/quire) nor a wheel "
            "(quire-….whl)."
        )
    return Source(path)


def _is_source(path: Path) -> bool:
    if path.is_file():
        return path.name.startswith("quire-") and path.suffix == ".whl"
    return (path / "src" / "quire" / "__init__.py").is_file() and all((path / name).is_file() for name in _SOURCE)


def _installed_from() -> Path | None:
    """The folder or wheel on this machine that pip installed Quire from, as it noted it (PEP 610)."""
    try:
        noted = importlib.metadata.distribution("quire").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    url = urlsplit(json.loads(noted)["url"] if noted else "")
    return Path(unquote(url.path)) if url.scheme == "file" else None


def installed_versions() -> str:
    """The versions of what Quire needs and is installed here, as constraints for pip: ``name==version`` lines."""
    found: dict[str, str] = {}
    waiting = ["quire"]
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[name] = distribution.version
        waiting += [match[0] for text in distribution.requires or () if (match := _REQUIREMENT.match(text))]
    found.pop("quire", None)
    # A version with a plus sign was built somewhere, and no index has it.
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if "+" not in version)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
