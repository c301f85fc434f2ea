"""Which environment variables a deployment reads: those that hold secrets, by name alone, and those that do not."""

from __future__ import annotations

import msgspec

from quire.deploy.plan import Plan

WITHOUT_KEY = ("azure_ad", "azuread")
"""Kinds of service that an identity of the machine may sign for."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that a server reads, what it is for, and whether the server can do without it."""

    name: str
    purpose: str
    required: bool = True


def secrets(plan: Plan) -> list[Variable]:
    """The variables that hold secrets, in the order of their names; no value of them is ever written."""
    found = {variable.name: variable for variable in (*_keys(plan), _STORE)}
    return [found[name] for name in sorted(found)]


def optional_settings(plan: Plan) -> list[str]:
    """Variables without a secret that servers read where endpoints leave something open."""
    upstreams = [upstream for endpoint in plan.endpoints for upstream in (endpoint.upstream, *endpoint.fallbacks)]
    names = [] if all(upstream.base_url for upstream in upstreams) else ["OPENAI_BASE_URL"]
    if not all(upstream.api_type for upstream in upstreams):
        names += ["OPENAI_API_TYPE", "OPENAI_API_VERSION", "OPENAI_DEPLOYMENT_NAME"]
    return names


_STORE = Variable(
    name="QUIRE_TRACKING_URI",
    purpose="the store of callers' tokens, traces, trials and models: postgresql://quire:…@HOST/quire",
)


def _keys(plan: Plan) -> list[Variable]:
    users: dict[str, list[str]] = {}
    needed: set[str] = set()
    for endpoint in plan.endpoints:
        for upstream in (endpoint.upstream, *endpoint.fallbacks):
            name = upstream.api_key_env or "OPENAI_API_KEY"
            users.setdefault(name, []).append(endpoint.name)
            if upstream.api_key_env is not None or upstream.api_type not in WITHOUT_KEY:
                needed.add(name)
    return [
        Variable(name=name, purpose=f"the upstream's key for {_listed(used)}", required=name in needed)
        for name, used in users.items()
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))
