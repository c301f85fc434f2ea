"""Showing what differs between two texts: ``[-removed-]`` and ``{+added+}``, in red and green on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quire.cli.output import clean, styled
from quire.domain.textdiff import Piece, diff_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

ABSENT = "(absent)"
_CONTEXT_LINES = 1
_LONGEST_WORD = 60
_MARKS = {"removed": ("[-", "-]", "red"), "added": ("{+", "+}", "green")}


def pieces_text(pieces: Sequence[Piece]) -> Text:
    """The pieces as one text, the changes in marks that can be seen without colour."""
    text = styled("")
    for piece in pieces:
        if piece.op == "same":
            text.append(clean(piece.text))
        else:
            before, after, style = _MARKS[piece.op]
            body = piece.text.rstrip("\n")
            text.append(f"{before}{clean(body)}{after}", style=style)
            text.append(piece.text[len(body) :])
    return text


def print_pieces(console: Console, pieces: Sequence[Piece], indent: str = "      ") -> None:
    """Print the difference of two texts, without the lines that are far from any change."""
    text = pieces_text(_shortened(pieces))
    text.rstrip()
    for line in text.split("\n", allow_blank=True):
        console.print(styled(indent) + line, soft_wrap=True)


def print_change(console: Console, path: str, old: Any, new: Any) -> None:
    """Print what became of one value: two words on the line of its name, text by words below it."""
    if _is_word(old) and _is_word(new):
        words = [clean(ABSENT if value is None else shown(value)) for value in (old, new)]
        line = styled(f"{clean(path)}: ") + styled(words[0], "red") + " -> " + styled(words[1], "green")
        console.print(line, soft_wrap=True)
        return
    console.print(styled(f"{clean(path)}:"), soft_wrap=True)
    if isinstance(old, str) and isinstance(new, str):
        print_pieces(console, diff_text(old, new))
        return
    for value, op in ((old, "removed"), (new, "added")):
        if value is not None:
            print_pieces(console, [Piece(op, shown(value))])  # type: ignore[arg-type]


def _is_word(value: Any) -> bool:
    text = "" if value is None else shown(value)
    return len(text) <= _LONGEST_WORD and not any(character.isspace() for character in text)


def shown(value: Any) -> str:
    """A value as text: strings as they are, a plain message by role, all else as JSON."""
    if isinstance(value, dict) and value.keys() == {"role", "content"} and isinstance(value["content"], str):
        return f"{value['role']}: {value['content']}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """Long unchanged stretches cut to the lines next to a change."""
    result: list[Piece] = []
    for index, piece in enumerate(pieces):
        if piece.op != "same":
            result.append(piece)
            continue
        first, last = index == 0, index == len(pieces) - 1
        result.append(Piece("same", _cut(piece.text, keep_start=not first, keep_end=not last)))
    return result


def _cut(text: str, *, keep_start: bool, keep_end: bool) -> str:
    lines = text.splitlines(keepends=True)
    head = lines[: _CONTEXT_LINES + 1] if keep_start else []
    tail = lines[-_CONTEXT_LINES - 1 :] if keep_end else []
    left_out = len(lines) - len(head) - len(tail)
    if left_out < 2:
        return text
    note = f"… {left_out} lines the same\n" if keep_end else f"… {left_out} lines the same"
    return "".join([*head, note, *tail])
