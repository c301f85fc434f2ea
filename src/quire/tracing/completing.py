"""What is found out of a span after it has ended, in the background, where it costs the program's call nothing.

What an answer says of itself, token counts that no service gave, speed, cost.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from quire.caller.cost import price_of
from quire.domain.calls import Usage
from quire.domain.span_names import COST, MODEL, USAGE
from quire.domain.token_estimate import estimated_usage
from quire.tracing.answers import answer_attributes
from quire.tracing.finished import FinishedSpan
from quire.tracing.markers import ANSWER, ESTIMATE
from quire.tracing.values import from_json

ESTIMATED = "quire.usage.estimated"
"""Stored where the token counts were reckoned here and not given by the service."""
_SECONDS = "quire.stream.seconds"
_RATE = "quire.stream.tokens_per_second"
"""Tokens of an answer by the seconds from its first piece to its last."""
_MODELS = ("gen_ai.response.model", MODEL)

log = logging.getLogger("quire")


def complete(attributes: dict[str, Any], inputs: Any, outputs: Any) -> None:
    """Add to a span's attributes, in place, what follows from them and from its content."""
    if attributes.pop(ANSWER, None):
        attributes.update(answer_attributes(outputs))
    kind = attributes.pop(ESTIMATE, None)
    if kind is not None:
        try:
            _add_estimate(attributes, kind, inputs, outputs)
        except Exception as error:
            log.warning("The tokens of a span could not be counted: %s", error)
    _add_rate(attributes)
    _add_cost(attributes)


def complete_span(span: FinishedSpan) -> None:
    """Add to a span's own attributes what follows, for who looks at it before it is stored. This never raises."""
    try:
        complete(span.attributes, from_json(span.inputs), from_json(span.outputs))
    except Exception as error:
        log.warning("A span could not be completed: %s", type(error).__name__)


def _add_estimate(attributes: dict[str, Any], kind: Any, inputs: Any, outputs: Any) -> None:
    if attributes.get(USAGE):
        return
    model = next((attributes[name] for name in _MODELS if attributes.get(name)), "")
    usage = estimated_usage(kind, inputs, outputs, str(model))
    attributes[USAGE] = usage
    attributes["gen_ai.usage.input_tokens"] = usage["input_tokens"]
    if "output_tokens" in usage:
        attributes["gen_ai.usage.output_tokens"] = usage["output_tokens"]
    attributes[ESTIMATED] = True


def _add_rate(attributes: dict[str, Any]) -> None:
    usage, seconds = attributes.get(USAGE), attributes.get(_SECONDS)
    written = usage.get("output_tokens") if isinstance(usage, Mapping) else None
    if written and isinstance(seconds, float) and seconds > 0:
        attributes[_RATE] = round(written / seconds, 3)


def _add_cost(attributes: dict[str, Any]) -> None:
    """By the model that answered, which a deployment's name need not tell, else by the one that was asked."""
    usage = attributes.get(USAGE)
    if not isinstance(usage, Mapping) or COST in attributes:
        return
    named = [attributes[name] for name in _MODELS if isinstance(attributes.get(name), str)]
    price = next((price for price in map(price_of, named) if price is not None), None)
    if price is None:
        return
    given, answered = int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0))
    cached = int(usage.get("cache_read_input_tokens", 0))
    put_in = price(Usage(given, 0, cached))
    total = price(Usage(given, answered, cached))
    attributes[COST] = {"input_cost": put_in, "output_cost": total - put_in, "total_cost": total}
