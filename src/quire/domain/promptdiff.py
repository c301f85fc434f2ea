"""What differs between two versions of a prompt: messages by words, variables, configuration, schema, policy, tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from quire.domain.messagediff import Message, moved_pairs, paired_messages
from quire.domain.packagediff import Change, diff_mapping, diff_value, policy
from quire.domain.prompt_text import TEMPLATED_KEYS
from quire.domain.schema import ParamSchema
from quire.domain.template import iter_strings, parse_prompt

if TYPE_CHECKING:
    from quire.domain.prompts import PromptPart

MessageChangeKind = Literal["added", "removed", "moved", "changed"]


class PromptLike(Protocol):
    """What of a prompt version is compared; ``quire.PromptVersion`` has all of it."""

    @property
    def uri(self) -> str:
        """``prompts:/name/3``."""

    @property
    def template(self) -> str | list[dict[str, Any]]:
        """The text, or the messages."""

    @property
    def model_config(self) -> Mapping[str, Any] | None:
        """The model's name and parameters."""

    @property
    def response_format(self) -> Mapping[str, Any] | None:
        """The JSON schema of answers, or OpenAI's mapping around it."""

    @property
    def params(self) -> ParamSchema | None:
        """The parameter policy: what a caller may set."""

    @property
    def parts(self) -> Sequence[PromptPart]:
        """The prompts that it includes, and their versions."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the version."""

    @property
    def commit_message(self) -> str | None:
        """Why the version was made."""


class MessageChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message. Positions count from 0; a text template is its only message, without a role.

    ``changes`` holds the fields that differ: ``content`` by words, ``role``, ``name``, … A changed message whose
    ``moved`` is set stands elsewhere too.
    """

    kind: MessageChangeKind
    role: str | None
    old_index: int | None = None
    new_index: int | None = None
    message: dict[str, Any] | None = None
    changes: list[Change] = msgspec.field(default_factory=list)
    moved: bool = False


class PromptDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two versions; all is empty if nothing does.

    ``messages`` are in the order of the new version, removed ones where they stood. ``settings`` are changes of the
    model configuration, the response format, the parameter policy, the versions of included prompts and the tags, whose
    paths begin with ``model_config.``, ``response_format.``, ``params.``, ``parts.`` and ``tags.``. ``commit_message``
    is told, but no difference.
    """

    old: str
    new: str
    template_kind: Change | None = None
    messages: list[MessageChange]
    variables_added: list[str]
    variables_removed: list[str]
    settings: list[Change]
    commit_message: Change | None = None

    def __bool__(self) -> bool:
        """Whether anything differs, the commit message aside."""
        return bool(
            self.template_kind or self.messages or self.variables_added or self.variables_removed or self.settings
        )

    def __str__(self) -> str:
        return f"{self.old} -> {self.new}: {summary(self)}"

    def to_dict(self) -> dict[str, Any]:
        """The difference as plain data."""
        data: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return data

    def to_json(self) -> str:
        """The difference as JSON."""
        return msgspec.json.encode(self, enc_hook=str).decode()

    def to_html(self) -> str:
        """The difference as one HTML fragment with its own style, everything escaped."""
        from quire.domain.promptdiff_html import diff_html

        return diff_html(self)

    def _repr_html_(self) -> str:
        return self.to_html()


def diff_prompts(old: PromptLike, new: PromptLike) -> PromptDiff:
    """Every difference between two versions, of one prompt or of two."""
    variables, new_variables = _variables(old.template), _variables(new.template)
    return PromptDiff(
        old=old.uri,
        new=new.uri,
        template_kind=_template_kind(old.template, new.template),
        messages=_diff_messages(_messages(old.template), _messages(new.template)),
        variables_added=sorted(new_variables - variables),
        variables_removed=sorted(variables - new_variables),
        settings=list(_diff_settings(old, new)),
        commit_message=next(diff_value("commit_message", old.commit_message, new.commit_message), None),
    )


def summary(diff: PromptDiff) -> str:
    """One line that counts what differs: ``1 message changed, 1 added; variables +style -tone; tags.team``."""
    parts = []
    if diff.template_kind:
        parts.append(f"{diff.template_kind.old} became {diff.template_kind.new}")
    kinds = [item.kind for item in diff.messages]
    counts = [f"{kinds.count(kind)} {kind}" for kind in ("changed", "moved", "added", "removed") if kind in kinds]
    if counts:
        number, _, rest = ", ".join(counts).partition(" ")
        parts.append(f"{number} {'message' if number == '1' else 'messages'} {rest}")
    names = [f"+{name}" for name in diff.variables_added] + [f"-{name}" for name in diff.variables_removed]
    if names:
        parts.append(f"variables {' '.join(names)}")
    if diff.settings:
        parts.append(", ".join(change.path for change in diff.settings))
    return "; ".join(parts) or "nothing differs"


def message_title(change: MessageChange) -> str:
    """``message 2 (user) changed, was message 1``; counted from 1, as people count."""
    role = f" ({change.role})" if change.role else ""
    if change.kind == "removed":
        return f"message {_count(change.old_index)}{role} removed"
    was = f", was message {_count(change.old_index)}" if change.moved else ""
    return f"message {_count(change.new_index)}{role} {change.kind}{was}"


def _count(index: int | None) -> int:
    return 0 if index is None else index + 1


def _template_kind(old: object, new: object) -> Change | None:
    kind, new_kind = ("text" if isinstance(template, str) else "chat" for template in (old, new))
    return Change("template", "changed", kind, new_kind) if kind != new_kind else None


def _variables(template: str | Sequence[Message]) -> set[str]:
    """The names of a template's variables, without compiling what has none."""
    texts = iter_strings([message.get(key) for message in _messages(template) for key in TEMPLATED_KEYS])
    return {name for text in texts if "{" in text for name in parse_prompt(text).variables}


def _messages(template: str | Sequence[Message]) -> Sequence[Message]:
    return [{"content": template}] if isinstance(template, str) else template


def _diff_messages(old: Sequence[Message], new: Sequence[Message]) -> list[MessageChange]:
    pairs = _pairs(old, new)
    moved = moved_pairs(pairs)
    came_from = {place: former for former, place in pairs}
    gone = sorted(set(range(len(old))) - {former for former, _place in pairs})
    found = [
        (float(place), change)
        for place, message in enumerate(new)
        if (change := _became(old, came_from.get(place), message, place, (came_from.get(place), place) in moved))
    ]
    found += [(_stood(place, pairs, moved), _removed(old[place], place)) for place in gone]
    return [change for _order, change in sorted(found, key=lambda item: item[0])]


def _pairs(old: Sequence[Message], new: Sequence[Message]) -> list[tuple[int, int]]:
    if len(old) == len(new) == 1:
        return [(0, 0)]
    return paired_messages(old, new)


def _became(
    old: Sequence[Message], former: int | None, message: Message, place: int, moved: bool
) -> MessageChange | None:
    role = _role(message)
    if former is None:
        return MessageChange(kind="added", role=role, new_index=place, message=dict(message))
    same = old[former] == message
    if same and not moved:
        return None
    return MessageChange(
        kind="moved" if same else "changed",
        role=role,
        old_index=former,
        new_index=place,
        message=dict(message) if same else None,
        changes=[] if same else list(diff_mapping("", old[former], message)),
        moved=moved,
    )


def _removed(message: Message, place: int) -> MessageChange:
    return MessageChange(kind="removed", role=_role(message), old_index=place, message=dict(message))


def _stood(place: int, pairs: Sequence[tuple[int, int]], moved: set[tuple[int, int]]) -> float:
    """Where a removed message shows among the new ones: after what stood before it."""
    before = [other for former, other in pairs if former < place and (former, other) not in moved]
    return before[-1] + 0.5 if before else -0.5


def _role(message: Message) -> str | None:
    role = message.get("role")
    return None if role is None else str(role)


def _diff_settings(old: PromptLike, new: PromptLike) -> Iterator[Change]:
    yield from diff_mapping("model_config.", old.model_config or {}, new.model_config or {})
    yield from diff_schema("response_format", old.response_format, new.response_format)
    yield from _diff_policies(old.params, new.params)
    yield from diff_mapping("parts.", _parts(old), _parts(new))
    yield from diff_mapping("tags.", old.tags, new.tags)


def _diff_policies(old: ParamSchema | None, new: ParamSchema | None) -> Iterator[Change]:
    """What differs in the parameter policies. One that lets nothing be set is not the same as none."""
    if not (old or new) and (old is None) is not (new is None):
        yield Change("params", "removed", []) if new is None else Change("params", "added", None, [])
    yield from diff_mapping("params.", policy(old), policy(new))


def _parts(prompt: PromptLike) -> dict[str, str]:
    return {part.reference: f"{part.name}/{part.version}" for part in prompt.parts}


def diff_schema(path: str, old: Any, new: Any) -> Iterator[Change]:
    """What differs between two JSON schemas, by path; of ``required``, ``enum`` and ``type`` lists, by item.

    The order of such a list means nothing in a schema, so it is not compared.
    """
    if old == new and type(old) is type(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _diff_key(f"{path}.{key}", key, old, new)
    elif _is_set(old) and _is_set(new):
        yield from (Change(path, "removed", item) for item in old if item not in new)
        yield from (Change(path, "added", None, item) for item in new if item not in old)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _diff_list(path, old, new)
    elif old is None or new is None:
        yield Change(path, "added" if old is None else "removed", old, new)
    else:
        yield from diff_value(path, old, new)


def _diff_key(path: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if key not in new:
        yield Change(path, "removed", old[key])
    elif key not in old:
        yield Change(path, "added", None, new[key])
    else:
        yield from diff_schema(path, old[key], new[key])


def _is_set(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str | int | float | None) for item in value)


def _diff_list(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    """Subschemas of ``anyOf`` and the like, by place."""
    for place in range(max(len(old), len(new))):
        where = f"{path}[{place}]"
        if place >= len(new):
            yield Change(where, "removed", old[place])
        elif place >= len(old):
            yield Change(where, "added", None, new[place])
        else:
            yield from diff_schema(where, old[place], new[place])
