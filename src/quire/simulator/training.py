"""The training file of a fine-tuning job, and an invented course of its training. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quire.domain.tokens import count, encoding_name
from quire.simulator.draws import digest, uniform

_FEWEST_EXAMPLES = 10
_MOST_STEPS = 1_000


class Training(msgspec.Struct, frozen=True):
    """What a file holds; ``problem`` says why it cannot be used, empty if it can."""

    examples: int
    tokens: int
    key: bytes
    problem: str = ""

    @property
    def batch_size(self) -> int:
        """Examples a step unless the job says otherwise: 0.2% of all, at least 1."""
        return min(256, max(1, self.examples // 500))

    def steps(self, batch_size: int) -> int:
        """Steps of an epoch, in which every example is seen once; the simulator stops counting at 1,000."""
        return min(_MOST_STEPS, max(1, -(-self.examples // batch_size)))

    def course(self, steps: int, epochs: int, seed: int) -> Iterator[tuple[int, float, float]]:
        """Step (from 1), loss and accuracy: a falling loss with some noise, the same for the same seed and file."""
        total = min(_MOST_STEPS, steps * epochs)
        for step in range(1, total + 1):
            noise = uniform(b"loss", str(seed).encode(), self.key, b"%d" % step)
            loss = 0.3 + 1.7 * (1 - step / total) ** 2 + 0.2 * noise
            yield step, round(loss, 4), round(1 / (1 + loss), 4)


def read_training(content: bytes, method: str, model: str) -> Training:
    """Read a file of examples, one JSON object a line: conversations, or preferences for ``dpo``."""
    examples = tokens = 0
    encoding = encoding_name(model)
    key = digest(content, size=16)
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            example = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Training(examples, tokens, key, f"Line {number} of the training file is not JSON.")
        problem = _problem(example, method)
        if problem:
            return Training(examples, tokens, key, f"Line {number} of the training file {problem}.")
        examples += 1
        tokens += count(line.decode(), encoding)
    if examples < _FEWEST_EXAMPLES:
        problem = f"The training file has {examples} examples; at least {_FEWEST_EXAMPLES} are needed."
        return Training(examples, tokens, key, problem)
    return Training(examples, tokens, key)


def _problem(example: Any, method: str) -> str:
    if not isinstance(example, dict):
        return "is no object"
    if method == "dpo":
        absent = [n for n in ("input", "preferred_output", "non_preferred_output") if n not in example]
        return f"lacks '{absent[0]}'" if absent else ""
    if "prompt" in example and "completion" in example:
        return ""
    messages = example.get("messages")
    if not isinstance(messages, list) or not messages:
        return "lacks 'messages'"
    roles = [message.get("role") if isinstance(message, dict) else None for message in messages]
    if method == "supervised" and "assistant" not in roles:
        return "has no message of the role 'assistant'"
    return ""
