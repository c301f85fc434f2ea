"""What names a dataset: its name, its id, or ``datasets:/NAME/VERSION``; and a version: its number or its digest."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import msgspec

from quire.domain.errors import InvalidInput

SCHEME = "datasets:/"
_ID = re.compile(r"d-[0-9a-f]{32}")
_NUMBER = re.compile(r"\d{1,7}")
_DIGEST = re.compile(r"[0-9a-f]{8,32}")


class DatasetRef(msgspec.Struct, frozen=True):
    """What a text names: a dataset by name or by id, and perhaps a version."""

    name: str | None = None
    dataset_id: str | None = None
    version: int | None = None
    digest: str | None = None


def dataset_uri(name: str, version: int | None = None) -> str:
    """The URI of a dataset, or of a version of it."""
    return f"{SCHEME}{quote(name, safe='')}" + ("" if version is None else f"/{version}")


def parse_dataset(text: object, version: int | str | None = None) -> DatasetRef:
    """What ``text`` names. A version is a number or the beginning (8 digits) of a digest. Raises InvalidInput."""
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(
            f"The dataset is named {text!r}; expected its name, its id (d-...), or datasets:/NAME or "
            "datasets:/NAME/VERSION."
        )
    if text.startswith(SCHEME):
        name, _, of = text.removeprefix(SCHEME).strip("/").partition("/")
        if not name or "/" in of:
            raise InvalidInput(f"{text!r} is not a dataset's URI; expected datasets:/NAME or datasets:/NAME/VERSION.")
        if of and version is not None:
            raise InvalidInput(f"{text!r} names a version, and version={version!r} another; give one of them.")
        text, version = unquote(name), of or version
    number, digest = parse_version(version)
    by_id = _ID.fullmatch(text) is not None
    return DatasetRef(None if by_id else text, text if by_id else None, number, digest)


def parse_version(version: object) -> tuple[int | None, str | None]:
    """A version's number, or how its digest begins. Raises InvalidInput."""
    if version is None or (isinstance(version, int) and not isinstance(version, bool) and version > 0):
        return version, None
    if isinstance(version, str) and _NUMBER.fullmatch(version) and int(version) > 0:
        return int(version), None
    if isinstance(version, str) and _DIGEST.fullmatch(version):
        return None, version
    raise InvalidInput(
        f"version is {version!r}; expected a number from 1, or a digest (32 hexadecimal digits, or the first 8)."
    )
