"""What ``quire prompts show`` shows: one version of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from quire.cli.differences import shown
from quire.cli.output import clean, heading, print_pairs, styled
from quire.cli.prompt_names import load, open_client
from quire.cli.words import moment
from quire.domain.messagediff import text_of
from quire.domain.packagediff import policy
from quire.domain.prompts import PromptVersion

if TYPE_CHECKING:
    from rich.console import Console


class PromptPage(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a prompt, as ``--json`` prints it; times in ms.

    ``written`` is the template as its author wrote it, if it has parts.
    """

    name: str
    version: int
    uri: str
    aliases: list[str]
    author: str | None
    creation_timestamp: int
    message: str | None
    template: str | list[dict[str, Any]]
    written: str | list[dict[str, Any]] | None
    parts: list[str]
    variables: list[str]
    model_config: dict[str, Any] | None
    response_format: dict[str, Any] | None
    params: dict[str, Any]
    tags: dict[str, str]


def read(text: str) -> PromptPage:
    """The page of the version that a person named. Raises NotFound."""
    return page_of(load(open_client(), text))


def page_of(version: PromptVersion) -> PromptPage:
    """What is told of a version."""
    return PromptPage(
        name=version.name,
        version=version.version,
        uri=version.uri,
        aliases=sorted(version.aliases),
        author=version.user_id,
        creation_timestamp=version.creation_timestamp,
        message=version.commit_message,
        template=version.template,
        written=version.written,
        parts=[part.uri for part in version.parts],
        variables=sorted(version.variables),
        model_config=version.model_config,
        response_format=version.response_format,
        params=policy(version.params),
        tags=version.tags,
    )


def show(console: Console, page: PromptPage) -> None:
    """Print the page."""
    facts = [
        ("prompt", page.uri),
        ("aliases", ", ".join(f"@{alias}" for alias in page.aliases)),
        ("author", page.author or ""),
        ("made", moment(page.creation_timestamp)),
        ("message", page.message or ""),
        ("variables", ", ".join(page.variables)),
        ("parts", ", ".join(page.parts)),
    ]
    print_pairs(console, [(name, value) for name, value in facts if value])
    for title, values in (
        ("Model", page.model_config),
        ("Parameters that a caller may set", page.params),
        ("Response format", page.response_format),
        ("Tags", page.tags),
    ):
        if values:
            heading(console, title)
            print_pairs(console, [(key, shown(value)) for key, value in values.items()])
    _show_template(console, page.template)


def _show_template(console: Console, template: str | list[dict[str, Any]]) -> None:
    if isinstance(template, str):
        heading(console, "Text")
        console.print(styled(clean(template)), soft_wrap=True)
        return
    for message in template:
        heading(console, clean(str(message.get("role"))))
        console.print(styled(clean(text_of(message))), soft_wrap=True)
        for key, value in message.items():
            if key not in ("role", "content"):
                console.print(styled(clean(f"{key}: {shown(value)}")), soft_wrap=True)
