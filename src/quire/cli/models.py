"""``quire models``: list, show, diff, export, import, build-image, alias."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quire.cli import deploy
from quire.cli.command import command
from quire.cli.output import Output, clean, styled

ModelArgument = Annotated[
    str,
    typer.Argument(help="models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-ID, runs:/ID/PATH, or a folder."),
]
NameArgument = Annotated[str, typer.Argument(help="The registered model.")]
AliasArgument = Annotated[str, typer.Argument(help="Such as champion.")]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_models)
    command(group, "show")(show)
    command(group, "diff")(diff)
    command(group, "export")(export)
    command(group, "import")(import_)
    command(group, "build-image")(deploy.build_image)
    alias = typer.Typer(help="Point aliases at versions.", no_args_is_help=True, rich_markup_mode=None)
    command(alias, "set")(set_alias)
    command(alias, "delete")(delete_alias)
    group.add_typer(alias, name="alias")


def list_models(
    out: Output,
    filter_string: Annotated[str, typer.Option("--filter", "-f", help="Such as \"name LIKE 'jok%'\".")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 100,
) -> None:
    """List the registered models with their versions and aliases."""
    from quire.cli import models_table

    models, more = models_table.read(filter_string, limit)
    out.emit({"models": models, "more": more}, lambda console: models_table.show(console, models, more=more))


def show(
    out: Output,
    model: Annotated[str, typer.Argument(help="A model URI or a folder; or a registered name, for its versions.")],
) -> None:
    """Show what a model holds and where it came from; or the versions of a registered name."""
    from quire.cli import model_names, model_page, registered_page

    if model_names.is_registered_name(model):
        registered = registered_page.read(model)
        out.emit(registered, lambda console: registered_page.show(console, registered))
        return
    page = model_page.read(model_names.model_uri(model))
    out.emit(page, lambda console: model_page.show(console, page))


def diff(out: Output, old: ModelArgument, new: ModelArgument) -> None:
    """Show what differs between two models: messages by words, parameters, policy, signature."""
    from quire.cli import model_diff, model_names

    difference = model_diff.read(model_names.model_uri(old), model_names.model_uri(new))
    out.emit(difference, lambda console: model_diff.show(console, difference))


def export(
    out: Output,
    model: ModelArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Such as joker.quire.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Write one model with its lineage to a single file."""
    from quire.bundle import export_model
    from quire.cli.model_names import model_uri
    from quire.cli.words import plural, size

    done = export_model(model_uri(model), output, overwrite=overwrite)
    versions = f", registered as {', '.join(done.versions)}" if done.versions else ""
    run = f", made by run {done.run_id} of {done.experiment_name!r}" if done.run_id else ", without a run"
    text = f"{done.path}: {plural(done.files, 'file')}, {size(done.size)}{run}{versions}"
    out.emit(done, lambda console: console.print(styled(clean(text)), soft_wrap=True))


def import_(
    out: Output,
    file: Annotated[Path, typer.Argument(help="What `quire models export` wrote.")],
    name: Annotated[str | None, typer.Option("--name", help="Register it under this name.")] = None,
    experiment: Annotated[str | None, typer.Option("--experiment", "-e", help="Put it into this experiment.")] = None,
) -> None:
    """Bring an exported model with its lineage into this tracking store; once, however often it is run."""
    from quire.bundle import import_model
    from quire.cli import imported_page

    done = import_model(file, name=name, experiment=experiment)
    out.emit(done, lambda console: imported_page.show(console, done))


def set_alias(
    out: Output,
    name: NameArgument,
    alias: AliasArgument,
    version: Annotated[int, typer.Argument(min=1, help="The version's number.")],
) -> None:
    """Point an alias at a version, moving it if it exists."""
    from quire.cli.lookup import open_existing_registry

    registry = open_existing_registry()
    before = registry.get_registered_model(name).aliases.get(alias)
    registry.set_alias(name, alias, str(version))
    moved = f" (was version {before})" if before not in (None, str(version)) else ""
    text = f"models:/{name}@{alias} is now version {version}{moved}"
    data = {"name": name, "alias": alias, "version": str(version), "previous_version": before}
    out.emit(data, lambda console: console.print(styled(clean(text)), soft_wrap=True))


def delete_alias(out: Output, name: NameArgument, alias: AliasArgument) -> None:
    """Remove an alias; the version stays."""
    from quire.cli.lookup import open_existing_registry
    from quire.domain.errors import NotFound

    registry = open_existing_registry()
    aliases = registry.get_registered_model(name).aliases
    if alias not in aliases:
        known = ", ".join(sorted(aliases)) or "none"
        raise NotFound(f"The registered model {name!r} has no alias {alias!r}; it has: {known}.")
    registry.delete_alias(name, alias)
    data = {"name": name, "alias": alias, "previous_version": aliases[alias]}
    text = f"models:/{name}@{alias} is removed (was version {aliases[alias]})"
    out.emit(data, lambda console: console.print(styled(clean(text)), soft_wrap=True))
