"""Processor time of comparing long prompts: `python -m bench.prompt_diffs` prints the table of decision 303."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

from quire.domain.prompts import PromptVersion

MESSAGES, WORDS, VOCABULARY, TIMES = 200, 2000, 3000, 7
ENDS = {"without line ends": [" "], "a line end every 14 words": [" "] * 13 + [".\n"]}
CASES: dict[str, tuple[range, Sequence[int]]] = {
    "nothing": (range(0), ()),
    "10 messages, three words each": (range(0, MESSAGES, 20), (100, 900, 1500)),
    "all messages, a word each": (range(MESSAGES), (1000,)),
    "all messages, three words each": (range(MESSAGES), (100, 900, 1500)),
}


def main() -> None:
    """Print a row for each case, in ms; the least of several runs, each with texts that nobody has looked at."""
    print(f"| changed | {' | '.join(ENDS)} |")
    print(f"| --- |{' --- |' * len(ENDS)}")
    for what, (changed, places) in CASES.items():
        cells = [f"{1000 * _seconds(ends, changed, places):.0f} ms" for ends in ENDS.values()]
        print(f"| {what} | {' | '.join(cells)} |")


def _seconds(ends: Sequence[str], changed: range, places: Sequence[int]) -> float:
    found = []
    for _ in range(TIMES):
        old, new = _prompt(ends), _changed(_prompt(ends), changed, places)
        if changed:
            new.insert(5, new.pop(150))
            del new[60]
            new.insert(90, {"role": "user", "content": "a new message"})
        versions = PromptVersion("p", 1, old), PromptVersion("p", 2, new)
        started = time.process_time()
        versions[0].diff(versions[1])
        found.append(time.process_time() - started)
    return min(found)


def _prompt(ends: Sequence[str]) -> list[dict[str, Any]]:
    draw = random.Random(1)
    return [
        {
            "role": ("user", "assistant")[number % 2],
            "content": "".join(f"word{draw.randrange(VOCABULARY)}{draw.choice(ends)}" for _ in range(WORDS)),
        }
        for number in range(MESSAGES)
    ]


def _changed(messages: list[dict[str, Any]], changed: range, places: Sequence[int]) -> list[dict[str, Any]]:
    for number in changed:
        words = messages[number]["content"].split(" ")
        for place in places:
            words[place] = "another"
        messages[number]["content"] = " ".join(words)
    return messages


if __name__ == "__main__":
    main()
