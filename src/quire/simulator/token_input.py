"""Reading an input that may be a text, a list of texts, token ids or lists of token ids."""

from __future__ import annotations

from typing import Any

from quire.domain import tokens
from quire.simulator.errors import ApiError, invalid


def texts_of(param: str, given: str | list[Any], encoding: str) -> list[str]:
    """The texts of an input. Raises ApiError (400) for mixed or empty lists and for ids that are no tokens."""
    if isinstance(given, str):
        return [given]
    if not given:
        message = (
            f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        raise invalid(param, message, "empty_array")
    if all(isinstance(item, str) for item in given):
        return given
    if _are_tokens(given):
        return [_text(param, given, encoding)]
    if all(isinstance(item, list) and item and _are_tokens(item) for item in given):
        return [_text(f"{param}[{place}]", item, encoding) for place, item in enumerate(given)]
    raise ApiError(
        400,
        f"Invalid type for '{param}': expected a string, an array of strings, an array of integers or an array of "
        "arrays of integers.",
        param=param,
        code="invalid_type",
    )


def _are_tokens(items: list[Any]) -> bool:
    return all(isinstance(item, int) and not isinstance(item, bool) for item in items)


def _text(param: str, ids: list[int], encoding: str) -> str:
    size = tokens.VOCABULARY[encoding]
    for token in ids:
        if not 0 <= token < size:
            raise invalid(param, f"Invalid '{param}': {token} is no token id. Expected 0 to {size - 1}.")
    return tokens.decode(ids, encoding) or f"tokens {ids}"
