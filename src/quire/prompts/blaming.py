"""Which version of a prompt brought each line of one of its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.domain.promptblame import BlamedMessage, blame
from quire.domain.prompts import PromptVersion

if TYPE_CHECKING:
    from quire.tracking.client.prompts import PromptCalls

_PAGE = 1000


class Blamed(msgspec.Struct, frozen=True):
    """The messages with the versions of their lines; and those versions, oldest first."""

    messages: list[BlamedMessage]
    versions: list[PromptVersion]


def blame_version(client: PromptCalls, newest: PromptVersion) -> Blamed:
    """Blame a version. Versions that were deleted are passed over."""
    found: list[PromptVersion] = []
    token: str | None = None
    while True:
        page = client.search_prompt_versions(newest.name, _PAGE, token)
        found += [item for item in page if item.version <= newest.version]
        token = page.token
        if token is None:
            break
    found.sort(key=lambda item: item.version)
    messages = blame((item.version, item.template) for item in found)
    used = {item.version for item in messages} | {line.version for item in messages for line in item.lines}
    return Blamed(messages, [item for item in found if item.version in used])
