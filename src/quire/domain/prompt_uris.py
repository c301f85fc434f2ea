"""The names of prompts and the URIs of their versions: ``prompts:/name/3`` and ``prompts:/name@alias``."""

from __future__ import annotations

import re

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.names import check_version

SCHEME = "prompts:/"
LATEST = "latest"
FORMS = "prompts:/NAME/VERSION, prompts:/NAME@ALIAS or prompts:/NAME@latest"
MAX_NAME = 500
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_SHOWN = 100


class PromptUri(msgspec.Struct, frozen=True):
    """A version of a prompt, by its number or by an alias; exactly one of them is set."""

    name: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}@{self.alias}" if self.alias else f"{SCHEME}{self.name}/{self.version}"


def version_uri(name: str, version: str | int) -> str:
    """``prompts:/name/3``."""
    return f"{SCHEME}{name}/{version}"


def check_prompt_name(name: object) -> str:
    """A prompt's name: letters, digits, ``_``, ``-`` and ``.`` (MLflow's rule). Raises InvalidInput."""
    if not isinstance(name, str) or not name:
        raise InvalidInput(f"Invalid prompt name {_short(name)}: expected text that is not empty.")
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise InvalidInput(
            f"Invalid prompt name {_short(name)}: only letters (a to z), digits, '_', '-' and '.' are allowed. "
            "Use '.' or '-' where you would use a slash."
        )
    if len(name) > MAX_NAME:
        raise InvalidInput(
            f"The prompt name {_short(name)} has {len(name)} characters; at most {MAX_NAME} are allowed."
        )
    return name


def check_prompt_version(version: object) -> int:
    """A version's number, from a number or its digits. Raises InvalidInput."""
    if isinstance(version, int | str) and not isinstance(version, bool):
        try:
            return check_version(version)
        except InvalidInput:
            pass
    raise InvalidInput(
        f"Invalid prompt version {_short(version)}: expected a whole number such as 3. An alias is named by a URI: "
        f"{SCHEME}NAME@ALIAS."
    )


def parse_prompt_uri(uri: str) -> PromptUri:
    """What a prompt's URI names. Raises InvalidInput, listing the accepted forms."""
    rest = uri.removeprefix(SCHEME) if uri.startswith(SCHEME) else ""
    found = parse_reference(rest)
    if found is None:
        raise InvalidInput(f"{_short(uri)} is not the URI of a prompt. Expected {FORMS}.{_hint(rest)}")
    return found


def parse_reference(text: str) -> PromptUri | None:
    """``name/3`` or ``name@alias``, as in a URI after its scheme; None for anything else."""
    name, at, alias = text.rpartition("@")
    if at:
        return PromptUri(name, alias=alias) if _NAME.fullmatch(name) and re.fullmatch(r"[\w\-]+", alias) else None
    name, _, version = text.rpartition("/")
    if _NAME.fullmatch(name) and version.isascii() and version.isdecimal() and len(version) <= 18:
        return PromptUri(name, version=int(version))
    return None


def prompt_uri(name_or_uri: object, version: str | int | None = None) -> PromptUri:
    """What ``load_prompt`` asks for: a URI, or a name with a version, which is the newest unless given."""
    if not isinstance(name_or_uri, str):
        raise InvalidInput(f"A prompt is named by text or by a URI, not by {_short(name_or_uri)}.")
    if name_or_uri.startswith("prompts:"):
        if version is not None:
            raise InvalidInput(
                f"`version` was given with the URI {_short(name_or_uri)}, which says the version itself. Leave it out."
            )
        return parse_prompt_uri(name_or_uri)
    if parse_reference(name_or_uri):
        raise InvalidInput(f"{_short(name_or_uri)} is no prompt name. Did you mean {SCHEME}{name_or_uri}?")
    name = check_prompt_name(name_or_uri)
    return PromptUri(name, alias=LATEST) if version is None else PromptUri(name, version=check_prompt_version(version))


def _hint(rest: str) -> str:
    name, _, last = rest.rpartition("/")
    if name and last and not last.isdecimal():
        return f" An alias follows an @: {SCHEME}{name[:_SHOWN]}@{last[:_SHOWN]}."
    if name and "/" in name:
        return " The name of a prompt holds no slash."
    return ""


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
