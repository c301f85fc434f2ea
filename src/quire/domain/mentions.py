"""People who are mentioned in a text: ``@ada``, ``@ada@example.com``, ``@"Ada Lovelace"``."""

from __future__ import annotations

import re

MOST_MENTIONS = 50
"""Of a text; what is mentioned beyond is text."""
_CODE = re.compile(r"(?P<fence>`{3,}|~{3,}).*?(?:(?P=fence)|\Z)|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
_MENTION = re.compile(r"""(?<![\w@.+\-/])@(?:"([^"\n]{1,255})"|([\w](?:[\w.+\-@]{0,253}\w)?))""")


def mentions_in(text: str) -> list[str]:
    """The names mentioned in a Markdown text, each once, in their order. What is code mentions nobody.

    A name without quotes ends in a letter, a digit or an underscore, so that the full stop after it is no part of it.
    """
    found = _MENTION.finditer(_CODE.sub(" ", text))
    names = dict.fromkeys((match[1] or match[2]).strip() for match in found)
    return [name for name in names if name][:MOST_MENTIONS]
