"""What ``quire prompts register`` reads: a prompt's file, messages as JSON, or text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.names import check_alias
from quire.domain.prompts import PromptVersion
from quire.prompts import register_prompt
from quire.prompts.folder.content import PromptContent, nested_config
from quire.prompts.folder.filenames import SUFFIX
from quire.prompts.folder.text import read_text
from quire.tracking import Client


def register(name: str, file: Path, message: str, aliases: Sequence[str]) -> PromptVersion:
    """Register what a file holds. Raises InvalidInput for one that cannot be read, or that names another prompt."""
    for alias in aliases:
        check_alias(alias)
    content = _content(name, file)
    made = register_prompt(
        name,
        content.template,
        message,
        content.tags,
        content.response_format,
        nested_config(content.model_config),
        params=content.params,
    )
    client = Client()
    for alias in aliases:
        client.set_prompt_alias(name, alias, made.version, reason=message)
    found = client.load_prompt(made.uri)
    return found or made


def _content(name: str, file: Path) -> PromptContent:
    text = _text(file)
    if file.suffix == SUFFIX:
        content = read_text(text, str(file)).content
        if content.name != name:
            raise InvalidInput(f"{file} is of the prompt {content.name!r}, not of {name!r}; give its name.")
        return content
    if file.suffix == ".json":
        return PromptContent(name=name, template=_messages(text, file))
    return PromptContent(name=name, template=text.removesuffix("\n"))


def _text(file: Path) -> str:
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None


def _messages(text: str, file: Path) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise InvalidInput(f'{file} is no list of messages: {error}. Expected [{{"role": …, "content": …}}].') from None
