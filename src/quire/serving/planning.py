"""A packaged model's request for what a caller asks: template filled, parameters held against the policy.

A :class:`Plan` is made once, when a model is loaded, for each API by which it may be asked; what it does for a request
is look up each field of its body in one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from quire.domain.errors import SchemaError
from quire.domain.package import Package, compile_template
from quire.domain.policy import CALLER_PARAMS
from quire.domain.schema import ColSpec, ParamSpec
from quire.domain.template import StructuredTemplate
from quire.domain.translation import Asked, asked_by
from quire.serving.errors import Refused
from quire.serving.request import Ask, Outgoing, Route

_COMMON = ("user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options")
OWN: dict[Route, frozenset[str]] = {
    "chat.completions": frozenset({*_COMMON, "stream", "stream_options", "store", "service_tier"}),
    "responses": frozenset(
        {*_COMMON, "stream", "stream_options", "store", "service_tier", "previous_response_id", "conversation"}
    ),
    "completions": frozenset({"user", "stream", "stream_options"}),
    "embeddings": frozenset({"user", "encoding_format"}),
}
"""Fields that belong to a request, not to a model: a caller may always set them, unless the model fixes them."""
CONTENT: dict[Route, frozenset[str]] = {
    "chat.completions": frozenset({"messages", "prompt"}),
    "responses": frozenset({"input", "instructions", "prompt"}),
    "completions": frozenset({"prompt"}),
    "embeddings": frozenset({"input"}),
}
_NAMING = frozenset({"model", "variables", "metadata"})
_DELIVERY = frozenset({"stream", "stream_options", "encoding_format"})
COUNTED: frozenset[Route] = frozenset({"chat.completions", "completions"})
"""APIs whose streams count their tokens only when they are asked to."""


class Fixed:
    """A parameter that the model fixes: a caller may repeat its value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Parts:
    """An object whose parts are told apart: fixed ones, open ones, and whether any other may be set."""

    __slots__ = ("fixed", "open", "passes")

    def __init__(self, fixed: Mapping[str, Any], opened: Mapping[str, ParamSpec], passes: bool) -> None:
        self.fixed = fixed
        self.open = opened
        self.passes = passes


_SKIP, _TAKE = "skip", "take"
Rule = str | ParamSpec | Fixed | Parts
"""What becomes of a field of the body."""


class Plan:
    """A packaged model, ready to be asked by one of OpenAI's APIs. Safe to share; requests do not change it.

    ``passes`` names what callers may set though the policy does not name it. Raises InvalidInput where a package of
    another task cannot be asked by this API.
    """

    def __init__(self, package: Package, route: Route, passes: Iterable[str] = ()) -> None:
        compiled = compile_template(package)
        self.route = route
        self.variables = tuple(sorted(compiled.variables))
        self._asked = asked_by(package, route)
        self._model = package.model
        self._parts = compiled.parts
        self._aliases = _aliases(package, self.variables)
        self._optional = _optional(package)
        self._taken = {*self.variables, *self._aliases.values()}
        self._passes = tuple(passes)
        self._constant = {
            name: value for name, value in self._asked.constant.items() if name not in CALLER_PARAMS | _DELIVERY
        }
        self._rules = _rules(route, self._asked, self._passes)
        self._filled = None if self.variables else self._fill({})

    def outgoing(self, ask: Ask) -> Outgoing:
        """The request that the model makes of what is asked. Refused (400) for what the model does not allow."""
        filled = self._filled if self._filled is not None else self._fill(self._values(ask))
        body: dict[str, Any] = {"model": self._model}
        _COMPOSE[self.route](body, filled, ask.body)
        body.update(self._constant)
        self._set(body, ask.body)
        if ask.stream and self.route in COUNTED:
            return Outgoing(self.route, body, True, hides_usage=ask_for_usage(body))
        return Outgoing(self.route, body, ask.stream)

    # -- parameters ------------------------------------------------------------------------------

    def _set(self, body: dict[str, Any], given: Mapping[str, Any]) -> None:
        rules = self._rules
        refused: list[str] = []
        for name, value in given.items():
            rule = rules.get(name)
            if rule is _SKIP:
                continue
            if value is None:
                if isinstance(rule, ParamSpec):
                    body.pop(name, None)
            elif rule is _TAKE:
                body[name] = value
            elif isinstance(rule, ParamSpec):
                body[name] = _checked(rule, value)
            elif isinstance(rule, Fixed):
                if value != rule.value:
                    self._refuse_fixed(name, rule.value)
            elif isinstance(rule, Parts):
                body[name] = self._joined(name, rule, body.get(name), value)
            elif not (name == "n" and value == 1):
                refused.append(name)
        if given.get("metadata"):
            self._set_metadata(body, given["metadata"])
        if refused:
            self._refuse(refused)

    def _set_metadata(self, body: dict[str, Any], given: Mapping[str, Any]) -> None:
        """What is left of a request's metadata once the template's variables are taken out; the model's own stays."""
        rest = {name: value for name, value in given.items() if name not in self._taken}
        if rest:
            body["metadata"] = {**rest, **(body.get("metadata") or {})}

    def _joined(self, name: str, parts: Parts, known: Any, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise Refused(f"Invalid type for {name!r}: expected an object.", param=name, code="invalid_type")
        found = dict(known or {})
        for part, value in given.items():
            where = f"{name}.{part}"
            if value is None:
                continue
            if part in parts.open:
                found[part] = _checked(parts.open[part], value)
            elif part in parts.fixed:
                if value != parts.fixed[part]:
                    self._refuse_fixed(where, parts.fixed[part])
            elif parts.passes:
                found[part] = value
            else:
                self._refuse([where])
        return found

    def _refuse(self, names: list[str]) -> NoReturn:
        listed = ", ".join(repr(name[:80]) for name in names[:20])
        raise Refused(
            f"Parameter {listed} may not be set for this model. {self._open_words()}",
            param=names[0],
            code="parameter_not_allowed",
        )

    def _refuse_fixed(self, name: str, value: Any) -> NoReturn:
        shown = repr(value)
        raise Refused(
            f"Parameter {name!r} is fixed by this model ({_short(shown)}); leave it out. {self._open_words()}",
            param=name,
            code="parameter_not_allowed",
        )

    def _open_words(self) -> str:
        """One sentence that lists what a caller may set."""
        fixed = {name for name, rule in self._rules.items() if isinstance(rule, Fixed)}
        named = [
            f"{name} ({spec.expectation()}, default {spec.default!r})" for name, spec in self._asked.params.items()
        ]
        named += sorted((OWN[self.route] | {*self._passes, "metadata"}) - fixed - self._asked.params.keys())
        return f"A caller may set: {', '.join(named)}."

    # -- variables -------------------------------------------------------------------------------

    def _fill(self, values: dict[str, str]) -> dict[str, Any]:
        parts: dict[str, StructuredTemplate] = self._parts
        return self._asked.content({name: template.fill(values) for name, template in parts.items()})

    def _values(self, ask: Ask) -> dict[str, str]:
        given = ask.variables
        metadata = ask.body.get("metadata") or {}
        values: dict[str, str] = {}
        for name in self.variables:
            value = given.get(name)
            if value is None:
                value = metadata.get(name)
            if value is None:
                value = self._otherwise(name, given, metadata)
            if not isinstance(value, str):
                raise Refused(
                    f"Invalid type for 'metadata.{name}': a variable of the template is text.",
                    param=f"metadata.{name}",
                    code="invalid_type",
                )
            values[name] = value
        return values

    def _otherwise(self, name: str, given: Mapping[str, str], metadata: Mapping[str, Any]) -> Any:
        """A value under the signature's name for it, or "" for an optional one."""
        alias = self._aliases.get(name)
        if alias is not None and (alias in given or alias in metadata):
            return given.get(alias, metadata.get(alias))
        if name in self._optional:
            return ""
        lacking = [each for each in self.variables if each not in given and each not in metadata]
        has = sorted({*given, *metadata})[:20]
        example = ", ".join(f'"{each}": "…"' for each in self.variables)
        raise Refused(
            f"Missing variable(s) {', '.join(repr(each) for each in lacking)} of the template; given were "
            f'{has or "none"}. Send prompt={{"id": "NAME", "variables": {{{example}}}}} (with an SDK\'s chat call, '
            "through extra_body).",
            param=f"prompt.variables.{name}",
            code="missing_variable",
        )


def _rules(route: Route, asked: Asked, passes: Iterable[str]) -> dict[str, Rule]:
    rules: dict[str, Rule] = dict.fromkeys(passes, _TAKE)
    rules |= dict.fromkeys(OWN[route], _TAKE)
    opened = {name: spec for name, spec in asked.params.items() if "." not in name and name not in CALLER_PARAMS}
    rules |= opened
    rules |= {name: Fixed(value) for name, value in asked.fixed.items() if name not in _DELIVERY}
    nested: dict[str, dict[str, ParamSpec]] = {}
    for name, spec in asked.params.items():
        whole, dot, part = name.partition(".")
        if dot:
            nested.setdefault(whole, {})[part] = spec
    for whole, specs in nested.items():
        fixed = asked.fixed.get(whole)
        rules[whole] = Parts(fixed if isinstance(fixed, dict) else {}, specs, whole in set(passes))
    return rules | dict.fromkeys((CONTENT[route] | _NAMING) - ({"prompt"} if route == "embeddings" else set()), _SKIP)


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _checked(spec: ParamSpec, value: Any) -> Any:
    try:
        return spec.check(value)
    except SchemaError as error:
        raise Refused(f"Invalid parameter: {error.message}", param=spec.name, code="invalid_value") from None


def _aliases(package: Package, variables: tuple[str, ...]) -> dict[str, str]:
    """The signature's own name for the input of a template with one variable."""
    columns = [spec.name for spec in package.signature.inputs or () if isinstance(spec, ColSpec) and spec.name]
    if len(variables) != 1 or variables[0] in columns or not columns:
        return {}
    return {variables[0]: columns[0]}


def _optional(package: Package) -> frozenset[str]:
    specs = (spec for spec in package.signature.inputs or () if isinstance(spec, ColSpec))
    return frozenset(spec.name for spec in specs if spec.name and not spec.required)


def ask_for_usage(body: dict[str, Any]) -> bool:
    """Have a stream end by counting its tokens; whether that had to be asked for (then the caller is not shown it)."""
    said = body.get("stream_options")
    if isinstance(said, dict):
        if "include_usage" in said:
            return False
        body["stream_options"] = {**said, "include_usage": True}
    else:
        body["stream_options"] = {"include_usage": True}
    return True


def without_usage(out: Outgoing) -> None:
    """Take back what :func:`ask_for_usage` added, for an upstream that does not know it."""
    rest = {name: value for name, value in out.body["stream_options"].items() if name != "include_usage"}
    if rest:
        out.body["stream_options"] = rest
    else:
        del out.body["stream_options"]
    out.hides_usage = False


# -- what is said: the model's part, then the caller's -----------------------------------------------


def _compose_chat(body: dict[str, Any], filled: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    own, added = filled.get("messages"), given.get("messages")
    if not own and not added:
        raise _nothing_said("messages")
    body["messages"] = [*own, *added] if own and added else own or added


def _compose_responses(body: dict[str, Any], filled: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    own, added = filled.get("input"), given.get("input")
    if added is not None and not isinstance(added, str | list):
        raise Refused("Invalid type for 'input': expected text or a list of items.", param="input", code="invalid_type")
    if not own and not added and not given.get("previous_response_id") and not given.get("conversation"):
        raise _nothing_said("input")
    said = [text for text in (filled.get("instructions"), given.get("instructions")) if text]
    if said:
        body["instructions"] = "\n\n".join(said)
    if own and added:
        body["input"] = [*_items(own), *_items(added)]
    elif own or added:
        body["input"] = own or added


def _items(said: str | list[Any]) -> list[Any]:
    return [{"role": "user", "content": said}] if isinstance(said, str) else said


def _compose_completions(body: dict[str, Any], filled: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    own, added = filled.get("prompt"), given.get("prompt")
    if isinstance(added, dict):
        added = None
    if not own and not added:
        raise _nothing_said("prompt")
    if not own or not added:
        body["prompt"] = own or added
    elif isinstance(added, str):
        body["prompt"] = f"{own}{added}"
    elif isinstance(added, list) and all(isinstance(text, str) for text in added):
        body["prompt"] = [f"{own}{text}" for text in added]
    else:
        raise Refused(
            "Invalid type for 'prompt': this model has a template, which text can follow and tokens cannot. Send text.",
            param="prompt",
            code="invalid_type",
        )


def _compose_embeddings(body: dict[str, Any], filled: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if not given.get("input"):
        raise _nothing_said("input")
    body["input"] = given["input"]


def _nothing_said(param: str) -> Refused:
    return Refused(
        f"Missing required parameter: {param!r}. The model brings none of its own.",
        param=param,
        code="missing_required_parameter",
    )


_COMPOSE = {
    "chat.completions": _compose_chat,
    "responses": _compose_responses,
    "completions": _compose_completions,
    "embeddings": _compose_embeddings,
}
