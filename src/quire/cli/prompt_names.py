"""How a person names a prompt: ``joker``, ``joker/3``, ``joker@champion``, or a whole URI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput
from quire.domain.prompt_uris import SCHEME, PromptUri, parse_reference, prompt_uri

if TYPE_CHECKING:
    from quire.domain.prompts import PromptVersion
    from quire.tracking import Client


def open_client() -> Client:
    """A client of the current store. Raises NotFound for an SQLite file that is not there, rather than make one."""
    from quire.cli.lookup import require_existing_store
    from quire.tracking import Client

    require_existing_store()
    return Client()


def parse(text: str) -> PromptUri:
    """What a person named; a bare name is its newest version. Raises InvalidInput."""
    found = parse_reference(text.removeprefix(SCHEME))
    return found if found is not None else prompt_uri(text)


def load(client: Client, text: str) -> PromptVersion:
    """The version that a person named. Raises NotFound, with what there is."""
    version = client.load_prompt(str(parse(text)))
    assert version is not None  # without allow_missing there is a version or an error
    return version


def parse_alias(text: str) -> tuple[str, str]:
    """The name and the alias of ``joker@champion``."""
    found = parse_reference(text.removeprefix(SCHEME))
    if found is None or found.alias is None:
        raise InvalidInput(f"{text!r} names no alias; expected NAME@ALIAS, such as joker@champion.")
    return found.name, found.alias
