"""``quire tokens`` and ``quire audit``: credentials for programs, and who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, one_line, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from quire.cli.output import ColumnKind
    from quire.domain.access import AuditEntry, Scope, Token
    from quire.domain.allowances import Used


def add_to(group: typer.Typer) -> None:
    """Register the commands of tokens."""
    command(group, "create")(create)
    command(group, "list")(list_tokens)
    command(group, "revoke")(revoke)


def add_audit_to(group: typer.Typer) -> None:
    """Register the commands of the audit log."""
    command(group, "list")(list_audit)


def create(
    out: Output,
    user: Annotated[str, typer.Argument(metavar="USER", help="Whom the token acts for.")],
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    days: Annotated[
        float | None, typer.Option("--days", help="It ends after so many days; without it, when it is revoked.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may change nothing.")] = False,
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", "-e", metavar="NAME|ID", help="It holds for this alone; may be repeated."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="It holds for this registered model alone; as above."),
    ] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option("--endpoint", metavar="NAME", help="It holds for this served endpoint alone; as above."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME", help="Of endpoints it may set this parameter alone; as above."),
    ] = None,
    most: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="NAME=VALUE", help="The largest value of a parameter, such as max_tokens=500."),
    ] = None,
    requests_per_minute: Annotated[
        float | None, typer.Option("--requests-per-minute", metavar="N", help="It may ask endpoints so often.")
    ] = None,
    tokens_per_minute: Annotated[
        float | None, typer.Option("--tokens-per-minute", metavar="N", help="As many tokens, in and out.")
    ] = None,
    spend_per_day: Annotated[
        float | None, typer.Option("--spend-per-day", metavar="USD", help="US dollars a day (UTC).")
    ] = None,
) -> None:
    """Make a token. It is printed this once.

    Programs that track set it as MLFLOW_TRACKING_TOKEN or QUIRE_TRACKING_TOKEN; clients of served endpoints give it as
    their api_key.
    """
    from quire.cli.access import Command
    from quire.cli.lookup import find_experiment
    from quire.domain.access import Scope, check_scope, expiration
    from quire.domain.allowances import Allowance, ParameterRule
    from quire.domain.credentials import hash_token, new_token
    from quire.domain.ids import now_ms
    from quire.store.current import current_store

    ids = [find_experiment(current_store(), text).experiment_id for text in experiment or ()]
    scope = Scope(
        read_only=read_only,
        experiments=tuple(ids) if experiment else None,
        registered_models=tuple(model) if model else None,
        endpoints=tuple(endpoint) if endpoint else None,
        parameters=ParameterRule(only=tuple(parameter) if parameter else None, most=_maxima(most or [])),
        allowance=Allowance(
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            usd_per_day=spend_per_day,
        ),
    )
    check_scope(scope)
    secret, ends = new_token(), expiration(days, now_ms())
    access = Command("tokens create")
    token = access.changed(
        f"user:{user}",
        lambda: access.store.create_token(user, hash_token(secret), name=name, scope=scope, expiration_time=ends),
        after={"name": name, **_audited(scope)},
    )
    _say_unknown(endpoint or [])
    out.emit({"token": token, "secret": secret}, lambda console: _show_new(console, token, secret))


def _say_unknown(endpoints: list[str]) -> None:
    """Say which endpoints nobody serves yet: a name may be mistyped, or the server be started later."""
    import sys

    from quire.store.current import current_store
    from quire.store.serving import serving_of

    known = [endpoint.name for endpoint in serving_of(current_store()).list_endpoints()] if endpoints else []
    for name in endpoints:
        if name not in known:
            there = f"there are: {', '.join(map(clean, known))}" if known else "there is none yet"
            print(f"No endpoint is named {clean(name)} here; {there}.", file=sys.stderr)


def _maxima(texts: list[str]) -> dict[str, float]:
    """``max_tokens=500`` as a name and a number."""
    from quire.domain.errors import InvalidInput

    made = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            made[name.strip()] = float(value)
        except ValueError:
            raise InvalidInput(f"--max {text[:60]!r} is no NAME=VALUE, such as max_tokens=500.") from None
    return made


def _audited(scope: Scope) -> dict[str, object]:
    """What the audit log is told of a token: what it is limited to."""
    told: dict[str, object] = {
        "read_only": scope.read_only,
        "experiments": list(scope.experiments or ()),
        "registered_models": list(scope.registered_models or ()),
    }
    if scope.endpoints is not None:
        told["endpoints"] = list(scope.endpoints)
    if scope.parameters.is_limited:
        told["parameters"] = scope.parameters
    if scope.allowance.is_limited:
        told["allowance"] = scope.allowance
    return told


def _show_new(console: Console, token: Token, secret: str) -> None:
    import sys

    print(f"The token {token.token_id} of {clean(token.username)}, which is shown only now:", file=sys.stderr)
    console.print(secret, soft_wrap=True)


def list_tokens(
    out: Output, user: Annotated[str | None, typer.Option("--user", "-u", help="Only those of this user.")] = None
) -> None:
    """List the tokens, newest first, without their secrets."""
    from quire.cli.access import open_access
    from quire.cli.words import age
    from quire.domain.allowances import Used
    from quire.domain.ids import now_ms

    access, now = open_access(), now_ms()
    found = access.list_tokens(username=user)
    used = access.token_usage(now // 86_400_000, [token.token_id for token in found])

    def show(console: Console) -> None:
        columns: list[tuple[str, ColumnKind, list[str]]] = [
            ("id", "id", [token.token_id for token in found]),
            ("user", "word", [clean(token.username) for token in found]),
            ("name", "word", [clean(token.name) for token in found]),
            ("scope", "word", [_scope(token) for token in found]),
            ("limits", "word", [_allowed(token) for token in found]),
            ("today", "word", [_used(used.get(token.token_id, Used())) for token in found]),
            ("created", "id", [age(token.creation_time, now) for token in found]),
            ("used", "id", [age(token.last_used_time, now) for token in found]),
            ("state", "id", [_state(token, now) for token in found]),
        ]
        shown = [column for column in columns if column[0] not in ("limits", "today") or any(column[2])]
        rows = list(zip(*(cells for _, _, cells in shown), strict=True))
        print_table(console, [(title, kind) for title, kind, _ in shown], rows)

    out.emit({"tokens": found, "used_today": used}, show)


def _scope(token: Token) -> str:
    scope = token.scope
    parts = ["read only"] if scope.read_only else []
    parts += [f"experiment {key}" for key in scope.experiments or ()]
    parts += [f"model {key}" for key in scope.registered_models or ()]
    parts += [f"endpoint {key}" for key in scope.endpoints or ()]
    if scope.is_narrow and not (scope.experiments or scope.registered_models or scope.endpoints):
        parts.append("nothing")
    return clean(", ".join(parts)) or "all"


def _allowed(token: Token) -> str:
    """What it is held to where it asks endpoints."""
    allowed, rule = token.scope.allowance, token.scope.parameters
    units = (
        (allowed.requests_per_minute, "requests/min"),
        (allowed.tokens_per_minute, "tokens/min"),
        (allowed.usd_per_day, "USD/day"),
    )
    parts = [f"{value:g} {unit}" for value, unit in units if value is not None]
    parts += [f"{name} up to {value:g}" for name, value in rule.most.items()]
    if rule.only is not None:
        parts.append(f"sets {', '.join(rule.only) or 'nothing'}")
    return clean(", ".join(parts))


def _used(used: Used) -> str:
    return f"{used.requests:,} requests, ${used.usd:.4g}" if used.requests else ""


def _state(token: Token, now: int) -> str:
    from quire.cli.words import span

    if token.revocation_time is not None:
        return "revoked"
    if not token.is_valid(now):
        return "expired"
    return "valid" if token.expiration_time is None else f"valid for {span(token.expiration_time - now)}"


def revoke(
    out: Output, token_id: Annotated[str, typer.Argument(metavar="ID", help="As `tokens list` shows it.")]
) -> None:
    """Let a token in no more; within seconds on every server."""
    from quire.cli.access import Command

    access = Command("tokens revoke")
    token = access.store.get_token(token_id)
    token = access.changed(
        f"user:{token.username}", lambda: access.store.revoke_token(token_id), before={"token_id": token_id}
    )
    out.emit(token, lambda console: console.print(f"The token {token_id} is revoked."))


def list_audit(
    out: Output,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Only what this user did.")] = None,
    action: Annotated[str | None, typer.Option("--action", "-a", help="Only this, such as delete_run.")] = None,
    entity: Annotated[
        str | None, typer.Option("--entity", "-e", help="Only about this, such as run:ID or registered_model:NAME.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="At most so many.")] = 50,
) -> None:
    """List who changed what, newest first; --json shows values before and after."""
    from quire.cli.access import open_access

    access = open_access()
    found: list[AuditEntry] = []
    token = None
    while len(found) < limit:
        page = access.search_audit(
            username=user, action=action, entity=entity, max_results=min(1000, limit - len(found)), page_token=token
        )
        found += page
        token = page.token
        if token is None:
            break
    out.emit({"entries": found}, lambda console: _show_audit(console, found))


def _show_audit(console: Console, found: list[AuditEntry]) -> None:
    from quire.cli.words import moment

    rows = [
        (
            moment(entry.time),
            clean(entry.username),
            entry.action,
            clean(entry.entity),
            one_line(entry.before or ""),
            one_line(entry.after or ""),
        )
        for entry in found
    ]
    titles = ("time", "user", "action", "what", "before", "after")
    kinds = ("id", "word", "id", "word", "word", "word")
    print_table(console, list(zip(titles, kinds, strict=True)), rows)  # type: ignore[arg-type]
