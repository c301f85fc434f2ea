"""Prompts: a name, and its immutable versions, each a template with what belongs to it.

The fields and methods are those of MLflow's ``Prompt`` and ``PromptVersion``, and what Quire adds: the author, the
parameter policy, and the parts of a composed prompt.
"""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain import prompt_text
from quire.domain.errors import PolicyError, TemplateError
from quire.domain.prompt_text import PromptTemplate
from quire.domain.prompt_uris import version_uri
from quire.domain.schema import ParamSchema

_SHOWN = 30


class Prompt(msgspec.Struct, frozen=True):
    """A named prompt without its versions. ``aliases`` maps alias to version; times are in ms."""

    name: str
    description: str | None = None
    creation_timestamp: int | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    aliases: dict[str, int] = msgspec.field(default_factory=dict)
    last_updated_timestamp: int | None = None
    experiment_ids: list[str] = msgspec.field(default_factory=list)


class PromptPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """A prompt that another includes: ``reference`` as it was written, and the version that it was pinned to."""

    reference: str
    name: str
    version: int
    parts: list[PromptPart] = msgspec.field(default_factory=list)

    @property
    def uri(self) -> str:
        """``prompts:/name/3``."""
        return version_uri(self.name, self.version)


class PromptVersion(msgspec.Struct, frozen=True):
    """One version of a prompt; what it says never changes, save its tags, aliases and model configuration.

    ``template`` is text, or a list of chat messages, with ``{{name}}`` variables and all parts in their places;
    ``written`` is the template as its author wrote it, where that has parts. ``params`` is the parameter policy of a
    model made of it. Times are in ms since the epoch.
    """

    name: str
    version: int
    template: PromptTemplate
    commit_message: str | None = None
    creation_timestamp: int = 0
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    aliases: list[str] = msgspec.field(default_factory=list)
    last_updated_timestamp: int | None = None
    user_id: str | None = None
    response_format: dict[str, Any] | None = None
    model_config: dict[str, Any] | None = None
    params: ParamSchema | None = None
    written: PromptTemplate | None = None
    parts: list[PromptPart] = msgspec.field(default_factory=list)

    def __repr__(self) -> str:
        text = self.template if isinstance(self.template, str) else msgspec.json.encode(self.template).decode()
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        return f"PromptVersion(name={self.name}, version={self.version}, template={shown})"

    @property
    def uri(self) -> str:
        """``prompts:/name/3``."""
        return version_uri(self.name, self.version)

    @property
    def is_text_prompt(self) -> bool:
        """Whether the template is text rather than chat messages."""
        return isinstance(self.template, str)

    @property
    def variables(self) -> set[str]:
        """The names of the template's variables."""
        return set(prompt_text.variables_of(self.template))

    @property
    def description(self) -> str | None:
        """The commit message, under the registry's word."""
        return self.commit_message

    @property
    def source(self) -> PromptTemplate:
        """The template as its author wrote it, with ``{{> partial@alias }}`` where it includes others."""
        return self.template if self.written is None else self.written

    def format(
        self, /, allow_partial: bool = False, use_jinja_sandbox: bool = True, **values: Any
    ) -> PromptTemplate | PromptVersion:
        """The template with its variables replaced: text, or a list of messages.

        With ``allow_partial`` values may be missing: the answer is then a PromptVersion that still has those
        variables. A value is filled in as its text and never read as a template. Templates in Jinja (``{% … %}``) are
        rendered in Jinja's sandbox, always.

        Raises TemplateError for a variable without a value, a value without a variable, and None.
        """
        if not use_jinja_sandbox:
            raise PolicyError(
                "`use_jinja_sandbox=False` would let a stored prompt run code. Quire renders prompts in Jinja's "
                "sandbox only; leave the argument out."
            )
        what = f"The prompt {self.name!r} version {self.version}"
        if allow_partial and self.variables - values.keys() and not prompt_text.is_jinja(self.template):
            return msgspec.structs.replace(
                self, template=prompt_text.partly_filled(self.template, values, what), written=None, parts=[]
            )
        return prompt_text.filled(self.template, values, what)

    def to_single_brace_format(self) -> PromptTemplate:
        """The template with ``{name}`` for ``{{name}}``, for libraries that write variables so."""
        return prompt_text.single_braces(self.template)

    def to_messages(self) -> list[dict[str, Any]]:
        """The template as chat messages; text becomes one message of the user."""
        return [{"role": "user", "content": self.template}] if isinstance(self.template, str) else self.template

    def to_text(self) -> str:
        """The template as text. Raises TemplateError for chat messages."""
        if isinstance(self.template, str):
            return self.template
        raise TemplateError(f"The prompt {self.name!r} version {self.version} is a list of messages, not text.")

    def diff(self, other: PromptVersion) -> Any:
        """What ``other`` has changed: see :func:`quire.domain.promptdiff.diff_prompts`."""
        from quire.domain.promptdiff import diff_prompts

        return diff_prompts(self, other)
