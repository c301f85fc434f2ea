"""The text of a prompt's file: YAML between two ``---`` lines, then the messages, each under ``=== ROLE ===``.

A message's text stands as it is, so that git compares it line by line; one that has more than a text, or characters
that editors and git change, is written as YAML under ``=== ROLE (yaml) ===``. A line that would be read as a mark has
a backslash in front.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from quire.domain.errors import InvalidInput, MalformedModel, QuireError
from quire.domain.packagediff import policy
from quire.domain.prompt_config import checked_config
from quire.domain.prompt_tags import checked_response_format
from quire.domain.prompt_text import PromptTemplate, checked_template, variables_of
from quire.domain.prompt_uris import check_prompt_name
from quire.domain.redaction import redact
from quire.domain.schema import ParamSchema, ParamSpec
from quire.models.yamltext import parse_yaml
from quire.prompts.folder.content import NOT_OWN, PromptContent, nested_config

KEYS = ("name", "version", "type", "variables", "model_config", "response_format", "params", "tags", "template")
_FENCE = "---"
_CONFLICT = r"<{7}(?: .*)?"
_MARK = re.compile(rf"^(\\*(?:=== .* ===[ \t]*|{_CONFLICT}))$", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\(\\*(?:=== .* ===[ \t]*|{_CONFLICT}))$", re.MULTILINE)
_UNRESOLVED = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_HEADER = re.compile(r"^=== (?P<role>[A-Za-z][\w.-]*)(?P<yaml> \(yaml\))? ===[ \t]*(?:\n|\Z)", re.MULTILINE)
_ROLE = re.compile(r"[A-Za-z][\w.-]*")
_NOT_PLAIN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_NAMELESS = "message"
_LIMITS = ("minimum", "maximum", "choices")


class PromptFile(msgspec.Struct, frozen=True):
    """What a file says: a prompt, and the version that it was last in step with, if any."""

    content: PromptContent
    version: int | None = None


def write_text(content: PromptContent, version: int | None) -> str:
    """The text of a prompt's file; :func:`read_text` gives the same prompt back."""
    plain_text = isinstance(content.template, str) and not _NOT_PLAIN.search(content.template)
    front = {
        "name": content.name,
        "version": version,
        "type": "text" if isinstance(content.template, str) else "chat",
        "variables": sorted(variables_of(content.template)),
        "model_config": nested_config(content.model_config),
        "response_format": content.response_format,
        "params": policy(content.params),
        "tags": content.tags,
        "template": content.template if isinstance(content.template, str) and not plain_text else None,
    }
    kept = {key: value for key, value in front.items() if value not in (None, [], {})}
    return f"{_FENCE}\n{_dump(kept)}{_FENCE}\n\n{_body(content.template, plain_text=plain_text)}"


def read_text(text: str, where: str) -> PromptFile:
    """The prompt that a file's text says. ``where`` names the file in errors.

    Raises InvalidInput, TemplateError or PolicyError for what no prompt may be, naming the file.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if _UNRESOLVED.search(text):
        raise InvalidInput(f"{where} holds a conflict of git's (<<<<<<<). Settle it there first.")
    front, body = _apart(text, where)
    try:
        return _read(_front(front, where), body, where)
    except QuireError as error:
        raise error if where in error.message else type(error)(f"{where}: {error.message}") from None


def _read(front: Mapping[str, Any], body: str, where: str) -> PromptFile:
    template = checked_template(_template(front, body))
    _check_variables(front.get("variables"), template)
    content = PromptContent(
        name=check_prompt_name(front.get("name")),
        template=template,
        model_config=checked_config(front.get("model_config")),
        response_format=checked_response_format(front.get("response_format")),
        params=_params(front.get("params")),
        tags=_tags(front.get("tags") or {}),
        label=where,
    )
    return PromptFile(content, _version(front.get("version")))


def _dump(value: Any) -> str:
    """Block YAML with long texts as they are, where that reads back as the same; else with more quotes and escapes."""
    text = ""
    for dumper, style in ((_BlockDumper, None), (_PlainDumper, None), (_PlainDumper, '"')):
        text = yaml.dump(
            value, Dumper=dumper, sort_keys=False, allow_unicode=style is None, width=2**30, default_style=style
        )
        if "\r" not in text and _reads_as(text, value):
            break
    return text


def _reads_as(text: str, value: Any) -> bool:
    try:
        return bool(parse_yaml(text.encode(), "what was written") == value)
    except MalformedModel:
        return False


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


class _BlockDumper(_PlainDumper):
    pass


def _block_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _block_text)


def _body(template: PromptTemplate, *, plain_text: bool) -> str:
    if isinstance(template, str):
        return f"{_escaped(template)}\n" if plain_text else ""
    return "\n".join(_message_text(message) for message in template)


def _message_text(message: Mapping[str, Any]) -> str:
    role, content = message["role"], message.get("content")
    named = bool(_ROLE.fullmatch(role))
    if named and len(message) == 2 and isinstance(content, str) and not _NOT_PLAIN.search(content):
        return f"=== {role} ===\n{_escaped(content)}\n"
    rest = {} if named else {"role": role}
    rest |= {key: value for key, value in message.items() if key != "role"}
    return f"=== {role if named else _NAMELESS} (yaml) ===\n{_dump(rest)}"


def _escaped(text: str) -> str:
    return _MARK.sub(r"\\\1", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _apart(text: str, where: str) -> tuple[str, str]:
    """The YAML and what follows it."""
    match = re.match(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", text, re.DOTALL | re.MULTILINE)
    if match is None:
        raise InvalidInput(
            f"{where} is no prompt file: expected a line '---', YAML with the prompt's name, a line '---', and the "
            f"template; it begins with {redact(text[:40])!r}."
        )
    return match.group(1), text[match.end() :].removeprefix("\n")


def _front(text: str, where: str) -> dict[str, Any]:
    keys = re.findall(r"^([A-Za-z_]+)[ \t]*:", text, re.MULTILINE)
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise InvalidInput(f"{where} says {doubled[0]!r} twice; keep one of them.")
    front = _yaml(text, where)
    if not isinstance(front, dict):
        raise InvalidInput(f"{where} has no keys between its '---' lines; expected at least `name: …`.")
    for key in front:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Expected: {', '.join(KEYS)}."
            raise InvalidInput(f"{where} has the unknown key {str(key)!r}. {hint}")
    return front


def _yaml(text: str, where: str) -> Any:
    try:
        return parse_yaml(text.encode(), where, "a prompt")
    except MalformedModel as error:
        raise InvalidInput(error.message) from None


def _template(front: Mapping[str, Any], body: str) -> PromptTemplate:
    kind = front.get("type") or ("chat" if _HEADER.match(body) else "text")
    if kind not in ("text", "chat"):
        raise InvalidInput(f"The type is {kind!r}; expected text or chat.")
    if kind == "chat":
        if "template" in front:
            raise InvalidInput("`template` is for text prompts; the messages stand below the second '---'.")
        return list(_messages(body))
    if "template" in front:
        if body.strip():
            raise InvalidInput("There is text both at `template` and below the second '---'; keep one.")
        return str(front["template"])
    return _unescaped(body.removesuffix("\n"))


def _messages(body: str) -> Iterator[dict[str, Any]]:
    headers = list(_HEADER.finditer(body))
    before = body[: headers[0].start()] if headers else body
    if before.strip() or not headers:
        raise InvalidInput(
            f"Expected a message's first line, such as '=== user ===', but found {redact(before.strip()[:60])!r}."
        )
    for header, follower in zip(headers, [*headers[1:], None], strict=True):
        text = body[header.end() : follower.start() if follower else len(body)]
        if header["yaml"]:
            yield _yaml_message(header["role"], text)
        else:
            end = "\n\n" if follower and text.endswith("\n\n") else "\n"
            yield {"role": header["role"], "content": _unescaped(text.removesuffix(end))}


def _yaml_message(role: str, text: str) -> dict[str, Any]:
    fields = _yaml(text, f"The message '=== {role} (yaml) ==='")
    if not isinstance(fields, dict):
        raise InvalidInput(f"The message '=== {role} (yaml) ===' holds no keys; expected at least `content: …`.")
    return {"role": role, **{str(key): value for key, value in fields.items()}}


def _check_variables(stated: Any, template: PromptTemplate) -> None:
    found = variables_of(template)
    if stated is None or (isinstance(stated, list) and {str(name) for name in stated} == found):
        return
    names = ", ".join(sorted(found)) or "none"
    raise InvalidInput(
        f"`variables` says {stated!r}, but the template uses: {names}. Correct the one that is wrong; `variables` may "
        "be left out."
    )


def _version(stated: Any) -> int | None:
    if stated is None or (isinstance(stated, int) and not isinstance(stated, bool) and stated > 0):
        return stated
    raise InvalidInput(f"`version` is {stated!r}; expected the number of the version that the file came from, or none.")


def _tags(stated: Any) -> dict[str, str]:
    if not isinstance(stated, dict):
        raise InvalidInput(f"`tags` is {str(stated)[:60]!r}; expected names and texts.")
    for key, value in stated.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidInput(f"The tag {str(key)!r} is {value!r}, which is no text. Write it in quotes.")
        if key.startswith(NOT_OWN):
            raise InvalidInput(f"The tag {key!r} belongs to the registry; take it out.")
        if redact(value) != value:
            raise InvalidInput(f"The tag {key!r} looks like a credential; take it out.")
    return stated


def _params(stated: Any) -> ParamSchema | None:
    if not stated:
        return None
    if not isinstance(stated, dict) or not all(isinstance(item, dict) for item in stated.values()):
        raise InvalidInput("`params` must say, for each parameter, a `type`, and may say `default`, `minimum`, ….")
    return ParamSchema([_param(str(name), item) for name, item in stated.items()])


def _param(name: str, stated: Mapping[str, Any]) -> ParamSpec:
    limits = {key: stated[key] for key in _LIMITS if key in stated}
    form = {key: value for key, value in stated.items() if key not in _LIMITS}
    if "type" not in form:
        raise InvalidInput(f"The parameter {name!r} has no `type`, such as double, long, string or boolean.")
    return ParamSpec.from_dict({"name": name, **form}, limits)
