"""Rounds in which pages are looked at in turn; a peer whose page does not come in time is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bench.context import Context, alternate
from bench.servers import QUIRE


def rounds_of(context: Context, sides: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """What each side gives, round by round; a peer whose page shows nothing in time is left out, and that is said."""
    given_up: set[str] = set()
    tried = {name: partial(_tried, context, name, call, given_up) for name, call in sides.items()}
    found = {name: [one for one in each if one is not None] for name, each in alternate(tried, rounds).items()}
    return {name: each for name, each in found.items() if each}


def _tried(context: Context, name: str, call: Callable[[], Any], given_up: set[str]) -> Any:
    """None from a peer that gave nothing, which is not waited for a second time."""
    from playwright.sync_api import Error as NothingSeen

    if name in given_up:
        return None
    try:
        return call()
    except (NothingSeen, ValueError) as error:
        if name == QUIRE.name:
            raise
        given_up.add(name)
        context.say(f"{name} is left out of this: {str(error).splitlines()[0]}")
        return None
