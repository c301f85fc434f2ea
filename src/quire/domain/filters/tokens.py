"""Splitting a filter string into tokens, each with its position."""

from __future__ import annotations

import re
from typing import Literal, NoReturn

import msgspec

from quire.domain.errors import InvalidInput

TokenKind = Literal["word", "string", "number", "operator", "(", ")", ",", "end"]

EXAMPLE = "metrics.accuracy > 0.9 AND params.model = 'gpt-4o-mini'"
_SHOWN = 300

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.\-/`"]))
    | (?P<word>(?:[\w.\-/]|"(?:[^"]|"")*"|`(?:[^`]|``)*`)+)
    | (?P<string>'(?:[^']|'')*')
    | (?P<operator>==|!=|<>|<=|>=|=|<|>)
    | (?P<punctuation>[(),])
    """,
    re.VERBOSE,
)
_LONE_STRING = re.compile(r'"(?:[^"]|"")*"')


class Token(msgspec.Struct, frozen=True):
    """One token. ``text`` is as written, quotes included; ``position`` counts characters from 1."""

    kind: TokenKind
    text: str
    position: int

    def is_keyword(self, word: str) -> bool:
        """Whether this is that keyword, in whatever case."""
        return self.kind == "word" and self.text.upper() == word


def tokenize(text: str, what: str) -> list[Token]:
    """The tokens of ``text``, ending with one of kind ``end``. ``what`` names the text in errors."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            _refuse_character(text, at, what)
        at = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(match))
    tokens.append(Token("end", "", len(text) + 1))
    return tokens


def _token(match: re.Match[str]) -> Token:
    text, position = match.group(), match.start() + 1
    match match.lastgroup:
        case "punctuation":
            return Token(text, position=position, text=text)  # type: ignore[arg-type]
        case "operator":
            return Token("operator", text, position)
        case "number":
            return Token("number", text, position)
        case "string":
            return Token("string", text, position)
    return Token("word", text, position)


def _refuse_character(text: str, at: int, what: str) -> NoReturn:
    character = text[at]
    if character in "'\"`":
        refuse(text, what, at + 1, f"the quote {character} is never closed")
    refuse(
        text, what, at + 1, f"{character!r} is not part of the grammar; keys and values with such characters are quoted"
    )


def refuse(text: str, what: str, position: int, problem: str, remedy: str = "") -> NoReturn:
    """Raise InvalidInput that names the text, the position and the problem."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    end = f" {remedy}" if remedy else f" Example: {EXAMPLE}."
    raise InvalidInput(f"Invalid {what} {shown!r}, at character {position}: {problem}.{end}")


def string_value(token: Token) -> str | None:
    """The text inside a string token (single or double quotes); None if the token is not a string."""
    if token.kind == "string" or (token.kind == "word" and _LONE_STRING.fullmatch(token.text)):
        return unquote(token.text)
    return None


def unquote(text: str) -> str:
    """``text`` without the quotes around it; a doubled quote inside stands for one."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"`":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def quote(text: str, mark: str) -> str:
    """``text`` between two ``mark``, those inside doubled."""
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"
