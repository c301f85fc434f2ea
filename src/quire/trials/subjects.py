"""What a trial is about: a served name, a prompt, or the shadow of a served name."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.names import check_text
from quire.domain.prompt_uris import SCHEME, check_prompt_name

ENDPOINT = "endpoint:"
SHADOW = "shadow:"
SubjectKind = Literal["endpoint", "prompt", "shadow"]


class Subject(msgspec.Struct, frozen=True):
    """What a trial is about. ``shadow`` is the shadow's name, of those of the endpoint ``name``."""

    kind: SubjectKind
    name: str
    shadow: str = ""

    def __str__(self) -> str:
        if self.kind == "prompt":
            return f"{SCHEME}{self.name}"
        return f"{SHADOW}{self.name}/{self.shadow}" if self.kind == "shadow" else f"{ENDPOINT}{self.name}"


def read_subject(said: object) -> Subject:
    """``endpoint:joker`` or just ``joker``; ``prompts:/joker``; ``shadow:joker/challenger``. Raises InvalidInput."""
    text = check_text(said, "The subject of a trial") if isinstance(said, str) else ""
    if text.startswith(SCHEME) and "@" not in text:
        return Subject("prompt", check_prompt_name(text.removeprefix(SCHEME)))
    if text.startswith(SHADOW):
        name, _, shadow = text.removeprefix(SHADOW).rpartition("/")
        if name and shadow:
            return Subject("shadow", name, shadow)
    name = text.removeprefix(ENDPOINT)
    if name and ":" not in name:
        return Subject("endpoint", name)
    raise InvalidInput(
        f"{said!r:.100} is no subject of a trial; expected the name of an endpoint such as 'joker' (or "
        "'endpoint:joker'), or a prompt such as 'prompts:/joker'."
    )
