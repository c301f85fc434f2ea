"""``quire tokens`` and ``quire audit``: credentials for programs, and who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, one_line, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from quire.domain.access import AuditEntry, Token


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
) -> None:
    """Make a token. It is printed this once; set it as MLFLOW_TRACKING_TOKEN or QUIRE_TRACKING_TOKEN."""
    from quire.cli.access import Command
    from quire.cli.lookup import find_experiment
    from quire.domain.access import Scope, expiration
    from quire.domain.credentials import hash_token, new_token
    from quire.domain.ids import now_ms
    from quire.store.current import current_store

    ids = [find_experiment(current_store(), text).experiment_id for text in experiment or ()]
    scope = Scope(
        read_only=read_only,
        experiments=tuple(ids) if experiment else None,
        registered_models=tuple(model) if model else None,
    )
    secret, ends = new_token(), expiration(days, now_ms())
    access = Command("tokens create")
    token = access.changed(
        f"user:{user}",
        lambda: access.store.create_token(user, hash_token(secret), name=name, scope=scope, expiration_time=ends),
        after={"name": name, "read_only": read_only, "experiments": ids, "registered_models": model or []},
    )
    out.emit({"token": token, "secret": secret}, lambda console: _show_new(console, token, secret))


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
    from quire.domain.ids import now_ms

    found, now = open_access().list_tokens(username=user), now_ms()

    def show(console: Console) -> None:
        rows = [
            (
                token.token_id,
                clean(token.username),
                clean(token.name),
                _scope(token),
                age(token.creation_time, now),
                age(token.last_used_time, now),
                _state(token, now),
            )
            for token in found
        ]
        titles = ("id", "user", "name", "scope", "created", "used", "state")
        kinds = ("id", "word", "word", "word", "id", "id", "id")
        print_table(console, list(zip(titles, kinds, strict=True)), rows)  # type: ignore[arg-type]

    out.emit({"tokens": found}, show)


def _scope(token: Token) -> str:
    scope = token.scope
    parts = ["read only"] if scope.read_only else []
    parts += [f"experiment {key}" for key in scope.experiments or ()]
    parts += [f"model {key}" for key in scope.registered_models or ()]
    if scope.is_narrow and not (scope.experiments or scope.registered_models):
        parts.append("nothing")
    return clean(", ".join(parts)) or "all"


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
