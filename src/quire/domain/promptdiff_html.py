"""The difference of two prompt versions as one HTML fragment: no script, no network, all text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import msgspec

from quire.domain.packagediff import Change
from quire.domain.promptdiff import MessageChange, PromptDiff, message_title, summary
from quire.domain.textdiff import Operation, Piece

_MARKS = {"added": ("ins", "+"), "removed": ("del", "−"), "changed": ("span", "~"), "moved": ("span", "↕")}
_TAGS = {"added": "ins", "removed": "del"}
_STYLE = """
.quire-diff{font:14px/1.5 system-ui,sans-serif;color:#1f2328;background:#fff;border:1px solid #d1d9e0;border-radius:6px}
.quire-diff header,.quire-diff section{padding:8px 12px;border-bottom:1px solid #d1d9e0}
.quire-diff h3{font-size:13px;margin:0 0 4px;font-weight:600}
.quire-diff pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace}
.quire-diff del{background:#ffebe9;color:#82071e;text-decoration:line-through}
.quire-diff ins{background:#dafbe1;color:#055d20;text-decoration:none}
.quire-diff .path{color:#59636e}
@media (prefers-color-scheme:dark){.quire-diff{color:#f0f6fc;background:#0d1117;border-color:#3d444d}
.quire-diff header,.quire-diff section{border-color:#3d444d}.quire-diff .path{color:#9198a1}
.quire-diff del{background:#67060c;color:#ffdcd7}.quire-diff ins{background:#033a16;color:#aff5b4}}
""".strip()


def diff_html(diff: PromptDiff) -> str:
    """A ``<div class="quire-diff">`` that can be put into any page."""
    return "".join(
        [
            f'<div class="quire-diff"><style>{_STYLE}</style>',
            f"<header><h3>{escape(diff.old)} → {escape(diff.new)}</h3>{escape(summary(diff))}</header>",
            *(_message(change) for change in diff.messages),
            *_section("Variables", _variables(diff)),
            *_section("Settings", [_change(change) for change in diff.settings]),
            *_section("Commit message", [_change(diff.commit_message)] if diff.commit_message else []),
            "</div>",
        ]
    )


def _message(change: MessageChange) -> str:
    tag, mark = _MARKS[change.kind]
    title = f"<h3><{tag}>{mark}</{tag}> {escape(message_title(change))}</h3>"
    return f"<section>{title}{''.join(_message_body(change))}</section>"


def _message_body(change: MessageChange) -> Iterator[str]:
    if change.message is not None and change.kind != "moved":
        tag = _TAGS[change.kind]
        yield from (
            f"{_label(key)}<pre><{tag}>{escape(_shown(value))}</{tag}></pre>"
            for key, value in change.message.items()
            if key != "role"
        )
    for item in change.changes:
        yield _change(item)


def _label(key: str) -> str:
    return "" if key == "content" else f'<span class="path">{escape(key)}</span>'


def _variables(diff: PromptDiff) -> list[str]:
    removed = [f"<del>{escape(name)}</del> " for name in diff.variables_removed]
    return removed + [f"<ins>{escape(name)}</ins> " for name in diff.variables_added]


def _section(title: str, parts: list[str]) -> list[str]:
    return [f"<section><h3>{title}</h3>", *parts, "</section>"] if parts else []


def _change(change: Change) -> str:
    pieces = change.pieces or [Piece(op, _shown(value)) for op, value in _sides(change)]
    body = "".join(_piece(piece) for piece in pieces)
    return f'<div><span class="path">{escape(change.path)}</span><pre>{body}</pre></div>'


def _sides(change: Change) -> Iterator[tuple[Operation, Any]]:
    if change.kind != "added":
        yield "removed", change.old
    if change.kind != "removed":
        yield "added", change.new


def _piece(piece: Piece) -> str:
    text = escape(piece.text)
    return text if piece.op == "same" else f"<{_TAGS[piece.op]}>{text}</{_TAGS[piece.op]}>"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode()
