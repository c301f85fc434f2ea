"""``quire users``: who may sign in to a server, and what they may do. Reads and writes the server's own database."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, print_table, styled

if TYPE_CHECKING:
    from rich.console import Console

    from quire.domain.access import Permission, Resource, Role, User

UserArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user.")]
RoleOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE",
        help="In the workspace: none, reader, editor, admin; default: what users without a role have.",
    ),
]
AdminOption = Annotated[bool, typer.Option("--admin", help="Administers the server; the same as --role admin.")]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, for scripts.")
]
ExperimentOption = Annotated[
    str | None, typer.Option("--experiment", "-e", metavar="NAME|ID", help="On this experiment.")
]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="On this registered model.")]

EndpointOption = Annotated[str | None, typer.Option("--endpoint", metavar="NAME", help="On this served endpoint.")]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "create")(create)
    command(group, "list")(list_users)
    command(group, "show")(show)
    command(group, "update")(update)
    command(group, "password")(password)
    command(group, "delete")(delete)
    command(group, "grant")(grant)
    command(group, "revoke")(revoke)


def create(
    out: Output,
    name: UserArgument,
    admin: AdminOption = False,
    role: RoleOption = None,
    password_stdin: StdinOption = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="For a service that only uses tokens.")] = False,
) -> None:
    """Add a user. The password is asked for; it is never an argument, which other users of the machine could see."""
    from quire.cli.access import Command
    from quire.domain.credentials import hash_password
    from quire.domain.errors import InvalidInput

    if no_password and password_stdin:
        raise InvalidInput("Give --password-stdin or --no-password, not both.")
    wanted = _role(role, admin)
    hashed = None if no_password else hash_password(_password(from_stdin=password_stdin))
    access = Command("users create")
    user = access.changed(
        f"user:{name}",
        lambda: access.store.create_user(name, password_hash=hashed, role=wanted),
        after={"role": wanted, "has_password": hashed is not None},
    )
    _emit(out, user, f"{clean(user.username)} is a new user ({_described(user)}).")


def list_users(out: Output) -> None:
    """List the users."""
    from quire.cli.access import open_access
    from quire.cli.words import age
    from quire.domain.ids import now_ms

    found, now = open_access().list_users(), now_ms()

    def present(console: Console) -> None:
        rows = [
            (
                clean(user.username),
                user.role or "default",
                "yes" if user.has_password else "no",
                age(user.creation_time, now),
            )
            for user in found
        ]
        print_table(console, [("name", "word"), ("role", "id"), ("password", "id"), ("created", "id")], rows)

    out.emit({"users": found}, present)


def show(out: Output, name: UserArgument) -> None:
    """Show what a user may do."""
    from quire.cli.access import open_access

    access = open_access()
    user, given = access.get_user(name), access.list_permissions(username=name)

    def present(console: Console) -> None:
        console.print(styled(f"{clean(user.username)} ({_described(user)})", "bold"))
        _show_permissions(console, given)

    out.emit({"user": user, "permissions": given}, present)


def update(out: Output, name: UserArgument, admin: AdminOption = False, role: RoleOption = None) -> None:
    """Change a user's role in the workspace."""
    from quire.cli.access import Command
    from quire.domain.errors import InvalidInput

    if role is None and not admin:
        raise InvalidInput("Say what to change: --admin, or --role ROLE.")
    wanted = _role(role, admin)
    access = Command("users update")
    before = access.store.get_user(name)
    access.changed(
        f"user:{name}",
        lambda: access.store.set_role(name, wanted),
        before={"role": before.role},
        after={"role": wanted},
    )
    user = access.store.get_user(name)
    _emit(out, user, f"{clean(name)} is now {_described(user)}.")


def password(out: Output, name: UserArgument, password_stdin: StdinOption = False) -> None:
    """Replace a user's password; their sessions end, their tokens stay."""
    from quire.cli.access import Command
    from quire.domain.credentials import hash_password

    access = Command("users password")
    access.store.get_user(name)
    hashed = hash_password(_password(from_stdin=password_stdin))
    access.changed(f"user:{name}", lambda: access.store.set_password_hash(name, hashed))
    _emit(out, access.store.get_user(name), f"{clean(name)} has a new password.")


def delete(out: Output, name: UserArgument) -> None:
    """Delete a user with permissions and tokens. What they made stays."""
    from quire.cli.access import Command

    access = Command("users delete")
    user = access.store.get_user(name)
    access.changed(f"user:{name}", lambda: access.store.delete_user(name), before={"role": user.role})
    _emit(out, user, f"{clean(name)} is no user any more.")


def grant(
    out: Output,
    name: UserArgument,
    role: Annotated[str, typer.Argument(help="none, reader, editor or admin.")],
    experiment: ExperimentOption = None,
    model: ModelOption = None,
    endpoint: EndpointOption = None,
) -> None:
    """Give a user a role on one experiment, registered model or endpoint, in place of the one there.

    A reader of an endpoint may ask it.
    """
    from quire.cli.access import Command
    from quire.domain.access import check_role

    wanted, resource = check_role(role), _resource(experiment, model, endpoint)
    access = Command("users grant")
    given = access.changed(
        f"{resource.kind}:{resource.key}",
        lambda: access.store.set_permission(name, resource, wanted),
        after={"username": name, "role": wanted},
    )
    out.emit(given, lambda console: console.print(f"{clean(name)} has the role {wanted} on {clean(str(resource))}."))


def revoke(
    out: Output,
    name: UserArgument,
    experiment: ExperimentOption = None,
    model: ModelOption = None,
    endpoint: EndpointOption = None,
) -> None:
    """Take a role on one experiment, registered model or endpoint away."""
    from quire.cli.access import Command

    resource = _resource(experiment, model, endpoint)
    access = Command("users revoke")
    before = access.store.get_permission(name, resource)
    access.changed(
        f"{resource.kind}:{resource.key}",
        lambda: access.store.delete_permission(name, resource),
        before={"username": name, "role": before.role},
    )
    out.emit(before, lambda console: console.print(f"{clean(name)} has no role on {clean(str(resource))} any more."))


def _role(role: str | None, admin: bool) -> Role | None:
    from quire.domain.access import check_role
    from quire.domain.errors import InvalidInput

    if admin:
        if role not in (None, "admin"):
            raise InvalidInput(f"--admin and --role {role} contradict each other. Give one of them.")
        return "admin"
    return None if role in (None, "default") else check_role(role)


def _password(*, from_stdin: bool) -> str:
    from quire.domain.credentials import check_password
    from quire.domain.errors import InvalidInput

    if from_stdin:
        return check_password(sys.stdin.readline().rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise InvalidInput("There is no terminal to ask for the password at. Use --password-stdin.")
    return check_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _resource(experiment: str | None, model: str | None, endpoint: str | None) -> Resource:
    from quire.cli.lookup import find_experiment, open_existing_registry, open_existing_store
    from quire.domain.access import Resource
    from quire.domain.endpoint_checks import check_endpoint_name
    from quire.domain.errors import InvalidInput

    if sum(given is not None for given in (experiment, model, endpoint)) != 1:
        raise InvalidInput("Say on what: --experiment NAME, --model NAME or --endpoint NAME.")
    if endpoint is not None:
        return Resource("endpoint", check_endpoint_name(endpoint))
    if experiment is not None:
        return Resource("experiment", find_experiment(open_existing_store(), experiment).experiment_id)
    return Resource("registered_model", open_existing_registry().get_registered_model(str(model)).name)


def _described(user: User) -> str:
    return f"role: {user.role}" if user.role else "no role in the workspace: the default permission"


def _emit(out: Output, user: User, text: str) -> None:
    out.emit(user, lambda console: console.print(text, soft_wrap=True))


def _show_permissions(console: Console, given: list[Permission]) -> None:
    if given:
        rows = [(item.resource.kind.replace("_", " "), clean(item.resource.key), item.role) for item in given]
        print_table(console, [("on", "id"), ("which", "word"), ("role", "id")], rows)
