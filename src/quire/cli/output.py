"""How results reach the person or the program that asked: tables on a terminal, or one JSON document.

Text that came from elsewhere (names, prompts, model answers) is shown with its control characters made visible, so
that it can neither move the cursor nor pose as output of ``quire``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

ColumnKind = Literal["id", "word", "number", "text"]
"""``id`` and ``number`` are never cut or wrapped, ``word`` is cut with an ellipsis, ``text`` wraps."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNLIMITED = 100_000
_WIDEST_WORD = 40
_NARROWEST = 8
GAP = 2
"""Blanks between two columns."""
NOTHING = "-"


class Output:
    """Where a command puts its result: ``emit`` once, with the data and how a person sees it."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def emit(self, data: Any, show: Callable[[Console], None]) -> None:
        """Print ``data`` as JSON if that is wanted, else what ``show`` writes to the console."""
        if self.as_json:
            write_json(data)
            return
        show(make_console())

    def say(self, data: Any, text: str) -> None:
        """Print ``data`` as JSON if that is wanted, else a text as it is: without styles there is nothing to load."""
        if self.as_json:
            write_json(data)
        else:
            print(text)


def write_json(data: Any) -> None:
    """One JSON document on standard output."""
    encoded = msgspec.json.encode(plain(data), enc_hook=str)
    text = msgspec.json.format(encoded, indent=2).decode()
    sys.stdout.write(f"{text}\n")


def plain(data: Any) -> Any:
    """``data`` with the floats that JSON lacks as MLflow's words: NaN, Infinity, -Infinity."""
    return _finite(msgspec.to_builtins(data, enc_hook=str))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return _NOT_FINITE.get(repr(value), value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def make_console(*, stderr: bool = False) -> Console:
    """A console that writes text as it is; not on a terminal it neither colours nor cuts."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _UNLIMITED
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def clean(text: str) -> str:
    """``text`` on a single line or several, without characters that a terminal would obey."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def one_line(text: str, most: int = 200) -> str:
    """``text`` as one line of at most ``most`` characters."""
    joined = clean(" ".join(text.split()))
    return joined if len(joined) <= most else f"{joined[: most - 1]}…"


def styled(text: str, style: str = "") -> Text:
    """Text in a style, never read as markup."""
    from rich.text import Text

    return Text(text, style=style)


def print_table(
    console: Console, columns: Sequence[tuple[str, ColumnKind]], rows: Sequence[Sequence[Any]], *, header: bool = True
) -> None:
    """Print a table without frames, whose lines can be copied and cut by other tools.

    On a terminal, words are cut and texts wrapped so that it fits; ids and numbers never are, so that a table of
    many may be wider than the terminal. Elsewhere nothing is cut.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    titles = [styled(clean(title), "bold") for title, _kind in columns] if header else []
    widths = _widths(console, [kind for _title, kind in columns], [titles, *cells] if header else cells)
    table = _table(columns, widths, header=header)
    for row in cells:
        table.add_row(*row)
    _print(console, table, sum(widths) + GAP * len(widths))


def _cell(value: Any) -> Text:
    from rich.text import Text

    return value if isinstance(value, Text) else styled(clean(NOTHING if value is None else str(value)))


def _table(columns: Sequence[tuple[str, ColumnKind]], widths: Sequence[int], *, header: bool) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_header=header)
    for (title, kind), width in zip(columns, widths, strict=True):
        table.add_column(
            styled(clean(title)),
            justify="right" if kind == "number" else "left",
            no_wrap=kind != "text",
            overflow="fold" if kind == "text" else "ellipsis",
            width=width,
        )
    return table


def _widths(console: Console, kinds: Sequence[ColumnKind], rows: Sequence[Sequence[Text]]) -> list[int]:
    """How wide each column is: as its content, but on a terminal the widest that may shrink do until all fit."""
    widths = [max((_text_width(row[index]) for row in rows), default=0) for index in range(len(kinds))]
    if not console.is_terminal:
        return widths
    flexible = [index for index, kind in enumerate(kinds) if kind in ("word", "text")]
    for index in flexible:
        if kinds[index] == "word":
            widths[index] = min(widths[index], _WIDEST_WORD)
    excess = sum(widths) + GAP * (len(widths) - 1) - console.width
    while excess > 0 and flexible:
        widest = max(flexible, key=lambda index: widths[index])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def _text_width(text: Text) -> int:
    from rich.cells import cell_len

    return max((cell_len(line) for line in text.plain.split("\n")), default=0)


def _print(console: Console, table: Table, width: int) -> None:
    """Print a table without the blanks that end its lines."""
    with console.capture() as captured:
        console.print(table, width=width, crop=False, soft_wrap=True)
    for line in captured.get().splitlines():
        console.file.write(f"{line.rstrip()}\n")


def print_pairs(console: Console, pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values, a value of several lines under itself; long lines are left to the terminal to wrap."""
    width = max((len(clean(name)) for name, _value in pairs), default=0)
    for name, value in pairs:
        for number, line in enumerate(clean(value).rstrip("\n").split("\n")):
            label = clean(name) if number == 0 else ""
            console.print(styled(f"{label:<{width}}{'':{GAP}}{line}".rstrip()), soft_wrap=True)


def heading(console: Console, text: str) -> None:
    """A title line with a blank line before it."""
    console.print()
    console.print(styled(text, "bold"))
