"""Parsing filters (``field op value AND …``) and orders (``field ASC|DESC``) into typed comparisons.

The grammar is that of MLflow's search API. Where MLflow accepts by accident (a missing AND, a doubled quote
kept double), this parser is strict, and says what it expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NoReturn

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.filters.grammar import LISTS, PLURAL, Attribute, Grammar, Kind, Operator
from quire.domain.filters.tokens import Token, quote, refuse, string_value, tokenize, unquote

Value = str | int | float | tuple[str, ...] | None

_SIMPLE_KEY = re.compile(r"[A-Za-z_][\w.]*")
_INTEGER = re.compile(r"[+-]?\d+")
_WORD_OPERATORS = ("LIKE", "ILIKE", "IN", "NOT", "IS")


class Comparison(msgspec.Struct, frozen=True):
    """One condition. ``value`` is a number for numeric fields, a tuple for lists, None for IS [NOT] NULL."""

    kind: Kind
    key: str
    op: Operator
    value: Value = None


class OrderBy(msgspec.Struct, frozen=True):
    """One sort key. Missing values come last whichever way it runs."""

    kind: Kind
    key: str
    ascending: bool = True


def parse_filter(text: str | None, grammar: Grammar) -> tuple[Comparison, ...]:
    """The conditions that a filter joins by AND; none for an empty one.

    Raises InvalidInput that names the piece, its position and what is allowed.
    """
    return _parse_filter(text or "", grammar)


def parse_order_by(clauses: Iterable[str], grammar: Grammar) -> tuple[OrderBy, ...]:
    """The sort keys of an order. Raises InvalidInput for an unknown or repeated field."""
    parsed = tuple(_parse_order(clause, grammar) for clause in clauses)
    seen: set[tuple[str, str]] = set()
    for order in parsed:
        if (order.kind, order.key) in seen:
            raise InvalidInput(f"order_by names {_field_text(order.kind, order.key)} twice. Leave one of them out.")
        seen.add((order.kind, order.key))
    return parsed


@lru_cache(maxsize=512)
def _parse_filter(text: str, grammar: Grammar) -> tuple[Comparison, ...]:
    return _Parser(text, "filter", grammar).filter()


@lru_cache(maxsize=512)
def _parse_order(text: str, grammar: Grammar) -> OrderBy:
    return _Parser(text, "order_by", grammar).order()


class _Parser:
    def __init__(self, text: str, what: str, grammar: Grammar) -> None:
        self._text, self._what, self._grammar = text, what, grammar
        self._tokens = tokenize(text, what)
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _refuse(self, token: Token, problem: str, remedy: str = "") -> NoReturn:
        refuse(self._text, self._what, token.position, problem, remedy)

    def filter(self) -> tuple[Comparison, ...]:
        comparisons: list[Comparison] = []
        if self._next.kind == "end":
            return ()
        while True:
            comparisons.append(self._comparison())
            token = self._take()
            if token.kind == "end":
                return tuple(comparisons)
            if not token.is_keyword("AND"):
                self._refuse_joiner(token)

    def _refuse_joiner(self, token: Token) -> NoReturn:
        if token.is_keyword("OR"):
            self._refuse(
                token,
                "OR is not part of the grammar",
                "Conditions are joined by AND only; search once for each side and join the results.",
            )
        self._refuse(token, f"expected AND or the end, found {token.text!r}")

    def _comparison(self) -> Comparison:
        token = self._take()
        kind, key = self._field(token)
        operator_token = self._next
        op = self._operator()
        allowed = self._grammar.operators(kind, key)
        if op not in allowed:
            self._refuse(
                operator_token,
                f"{op} cannot be used with {_field_text(kind, key)}",
                f"Allowed: {', '.join(allowed)}.",
            )
        return Comparison(kind, key, op, self._value(kind, key, op))

    def _field(self, token: Token, *, ordering: bool = False) -> tuple[Kind, str]:
        if token.kind == "(":
            self._refuse(token, "parentheses are allowed only around the list of IN", "Conditions are joined by AND.")
        if token.kind != "word":
            found = f"found {token.text!r}" if token.text else "the text ends"
            self._refuse(token, f"expected a field, {found}")
        prefix, key = _split(token.text)
        if prefix is None:
            return "attribute", self._attribute(token, key, ordering).column
        kind = self._grammar.kind(prefix)
        allowed = self._grammar.orderable if ordering else self._grammar.kinds()
        if kind is None or kind not in allowed:
            self._refuse_field(token, ordering)
        if kind == "attribute":
            return kind, self._attribute(token, key, ordering).column
        key = _inner_unquoted(key) if kind == "span" else key
        if not self._grammar.has_key(kind, key):
            self._refuse_field(token, ordering)
        return kind, key

    def _attribute(self, token: Token, key: str, ordering: bool) -> Attribute:
        field = self._grammar.attributes.get(key)
        if field is None or not (field.orderable if ordering else field.filterable):
            self._refuse_field(token, ordering)
        return field

    def _refuse_field(self, token: Token, ordering: bool) -> NoReturn:
        allowed = ", ".join(self._grammar.fields(ordering=ordering))
        verb = "ordered" if ordering else "searched"
        self._refuse(token, f"{self._grammar.name}s cannot be {verb} by {token.text!r}", f"Allowed: {allowed}.")

    def _operator(self) -> Operator:
        token = self._take()
        if token.kind == "operator":
            if token.text in ("==", "<>"):
                right = "=" if token.text == "==" else "!="
                self._refuse(token, f"{token.text} is not an operator", f"Write {right} instead.")
            return token.text  # type: ignore[return-value]
        word = token.text.upper() if token.kind == "word" else ""
        if word not in _WORD_OPERATORS:
            found = f"found {token.text!r}" if token.text else "the text ends"
            self._refuse(token, f"expected an operator, {found}")
        if word == "IS":
            return self._is_null()
        if word == "NOT":
            self._expect("IN", "NOT is allowed only as NOT IN")
            return "NOT IN"
        return word  # type: ignore[return-value]

    def _is_null(self) -> Operator:
        negated = self._next.is_keyword("NOT")
        if negated:
            self._take()
        self._expect("NULL", "expected IS NULL or IS NOT NULL")
        return "IS NOT NULL" if negated else "IS NULL"

    def _expect(self, keyword: str, problem: str) -> None:
        token = self._take()
        if not token.is_keyword(keyword):
            self._refuse(token, problem)

    def _value(self, kind: Kind, key: str, op: Operator) -> Value:
        if op in ("IS NULL", "IS NOT NULL"):
            return None
        if op in LISTS:
            return self._list()
        token = self._take()
        if self._grammar.is_numeric(kind, key) or (kind in self._grammar.mixed and token.kind == "number"):
            return self._number(token, kind, key)
        text = string_value(token)
        if text is None:
            found = f"found {token.text!r}" if token.text else "the text ends"
            self._refuse(
                token,
                f"expected a quoted string to compare with {_field_text(kind, key)}, {found}",
                "Put text between single or double quotes.",
            )
        return text

    def _number(self, token: Token, kind: Kind, key: str) -> int | float:
        if token.kind != "number":
            found = f"found {token.text!r}" if token.text else "the text ends"
            self._refuse(
                token,
                f"expected a number to compare with {_field_text(kind, key)}, {found}",
                "Numbers are written without quotes, such as 0.9, -1 or 1e-3.",
            )
        if _INTEGER.fullmatch(token.text) and len(token.text) <= 18:
            return int(token.text)
        return float(token.text)

    def _list(self) -> tuple[str, ...]:
        token = self._take()
        if token.kind != "(":
            self._refuse(token, "expected a list such as ('a', 'b')", "Put the values between parentheses.")
        values: list[str] = []
        while not (values and self._next.kind == ")"):
            token = self._take()
            text = string_value(token)
            if text is None:
                self._refuse(token, f"expected a quoted string in the list, found {token.text!r}")
            values.append(text)
            if self._next.kind != ",":
                break
            self._take()
        token = self._take()
        if token.kind != ")":
            self._refuse(token, "expected , or ) in the list")
        return tuple(values)

    def order(self) -> OrderBy:
        kind, key = self._field(self._take(), ordering=True)
        direction = self._take()
        if direction.kind == "end":
            return OrderBy(kind, key)
        if not (direction.is_keyword("ASC") or direction.is_keyword("DESC")):
            self._refuse(
                direction, f"expected ASC or DESC, found {direction.text!r}", "Each field is an item of its own."
            )
        if self._next.kind != "end":
            self._refuse(
                self._next, f"expected the end, found {self._next.text!r}", "Each field is an item of its own."
            )
        return OrderBy(kind, key, direction.is_keyword("ASC"))


def _split(text: str) -> tuple[str | None, str]:
    """``entity.key`` as (entity, key), quotes removed; (None, name) for a bare attribute."""
    if text[0] in '"`':
        end = _closing(text)
        if end == len(text) - 1:
            return None, unquote(text)
        return unquote(text[: end + 1]), unquote(text[end + 2 :]) if text[end + 1] == "." else ""
    head, dot, tail = text.partition(".")
    return (head, unquote(tail)) if dot else (None, head)


def _inner_unquoted(key: str) -> str:
    """``attributes.`a b``` without the quotes."""
    head, dot, tail = key.partition(".")
    return f"{head}.{unquote(tail)}" if dot else key


def _closing(text: str) -> int:
    """Index of the quote that closes the one at the start of ``text``."""
    at = 1
    while at < len(text):
        if text[at] == text[0]:
            if text[at : at + 2] != text[0] * 2:
                return at
            at += 1
        at += 1
    return len(text) - 1


def _field_text(kind: Kind, key: str) -> str:
    if kind == "attribute":
        return key
    return f"{PLURAL[kind]}.{key if _SIMPLE_KEY.fullmatch(key) else quote(key, '`')}"


def _value_text(value: Value) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(quote(item, chr(39)) for item in value)})"
    return quote(value, "'") if isinstance(value, str) else repr(value)


def format_filter(comparisons: Sequence[Comparison]) -> str:
    """The filter string of these conditions; ``parse_filter`` reads it back to the same."""
    parts = (
        f"{_field_text(item.kind, item.key)} {item.op}" + ("" if item.value is None else f" {_value_text(item.value)}")
        for item in comparisons
    )
    return " AND ".join(parts)


def format_order_by(orders: Sequence[OrderBy]) -> list[str]:
    """The clauses of these sort keys; ``parse_order_by`` reads them back to the same."""
    return [f"{_field_text(order.kind, order.key)} {'ASC' if order.ascending else 'DESC'}" for order in orders]
