"""Prompts written in Jinja (``{% if … %}``), rendered in Jinja's sandbox; Jinja itself is optional, as for MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from quire.domain.errors import MissingExtra, TemplateError


def render(source: str, values: Mapping[str, Any], what: str) -> str:
    """A template filled; a name without a value is empty, as in MLflow.

    Raises TemplateError for one that cannot be parsed or that fails, MissingExtra if Jinja is not installed.
    """
    from jinja2.exceptions import TemplateError as JinjaError

    try:
        text: str = _environment(what).from_string(source).render(**values)
    except JinjaError as error:
        raise TemplateError(f"{what} could not be rendered as a Jinja template: {error}.") from error
    return text


def variables_of(source: str, what: str) -> frozenset[str]:
    """The names that a template takes from outside. Raises as :func:`render`."""
    environment = _environment(what)
    from jinja2 import meta
    from jinja2.exceptions import TemplateError as JinjaError

    try:
        return frozenset(meta.find_undeclared_variables(environment.parse(source)))
    except JinjaError as error:
        raise TemplateError(f"{what} cannot be read as a Jinja template: {error}.") from error


def _environment(what: str) -> Any:
    try:
        return _sandbox()
    except ImportError:
        raise MissingExtra(
            f"{what} is a Jinja template ({{% … %}}). To fill it, install Jinja: pip install 'quire[jinja]'."
        ) from None


@lru_cache(maxsize=1)
def _sandbox() -> Any:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(autoescape=False)
