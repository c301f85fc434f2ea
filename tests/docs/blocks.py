"""The code blocks of a document: what is run, with what output, and how the two are compared.

``python`` blocks of a document share one namespace; in ``console`` blocks the lines that begin with ``$`` are run by
a shell, in the same folder. What a block prints is checked where the document shows it: in a ``text`` block right
after a ``python`` block, or below the ``$`` line. ``...`` in the shown output stands for anything. A block after the
comment ``<!-- not run: REASON -->`` is left out.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: [^\n]+ -->\n\s*$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line of the document it begins on."""

    language: str
    code: str
    line: int


def read_blocks(text: str) -> list[Block]:
    """The blocks of a document that are run or that show what was printed."""
    found = []
    for match in _FENCE.finditer(text):
        if not _NOT_RUN.search(text[: match.start()]):
            found.append(Block(match["language"], match["code"], text.count("\n", 0, match.start()) + 1))
    return found


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed is what the document shows; runs of white space count as one blank."""
    pattern = r".*?".join(re.escape(" ".join(part.split())) for part in shown.split("..."))
    return re.fullmatch(pattern.replace(r"\ ", r"\s*"), " ".join(printed.split()), re.DOTALL) is not None


def run_document(path: Path) -> None:
    """Run a document's blocks in this process, in this folder. Raises AssertionError naming the line."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for block in read_blocks(path.read_text(encoding="utf-8")):
        where = f"{path.name}:{block.line}"
        if block.language == "python":
            printed = _run_python(block, where, namespace)
        elif block.language == "console":
            _run_console(block, where)
        elif block.language == "text" and printed:
            assert matches(block.code, printed), f"{where} shows\n{block.code}\nbut this was printed:\n{printed}"
            printed = ""


def _run_python(block: Block, where: str, namespace: dict[str, object]) -> str:
    printed = io.StringIO()
    code = compile("\n" * block.line + block.code, where, "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def _run_console(block: Block, where: str) -> None:
    for command, shown in _commands(block.code):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, f"{where}: `{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        if shown.strip():
            assert matches(shown, done.stdout), f"{where}: `{command}` printed\n{done.stdout}\nbut is shown as\n{shown}"


def _commands(code: str) -> list[tuple[str, str]]:
    parts = re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]
    found = []
    for part in parts:
        command, shown = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", part, re.DOTALL).groups()
        found.append((command, shown))
    return found


if __name__ == "__main__":
    for name in json.loads(sys.argv[1]):
        run_document(Path(name))
