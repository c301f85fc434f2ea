"""The page of ``quire models show URI``: what a model holds, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.cli.differences import shown
from quire.cli.output import clean, heading, print_pairs, print_table, styled
from quire.domain.errors import QuireError
from quire.domain.package import Package
from quire.domain.package_view import ColumnView, ParamView, column_views, param_views
from quire.domain.redaction import redact
from quire.domain.uris import LocationUri, parse_model_uri
from quire.models import LoadedPackage, load_package

if TYPE_CHECKING:
    from rich.console import Console

    from quire.registry import ResolvedModel
    from quire.store.base import Store


class LineageView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model came from; None where that is not known."""

    model_id: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    experiment_id: str | None = None
    experiment_name: str | None = None
    name: str | None = None
    version: str | None = None
    aliases: list[str] = []
    created: str | None = None


class ModelPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a model holds, and where it came from."""

    uri: str
    location: str
    task: str
    model: str
    variables: list[str]
    template: dict[str, Any]
    fixed: dict[str, Any]
    params: list[ParamView]
    inputs: list[ColumnView]
    outputs: list[ColumnView]
    metadata: dict[str, Any] | None
    prompts: list[str] | None
    lineage: LineageView


def load(uri: str) -> LoadedPackage:
    """The package that a URI names, read as data."""
    from quire.models.folder import open_model

    return load_package(open_model(uri))


def read(uri: str) -> ModelPage:
    """Gather the page. Raises NotFound or MalformedModel."""
    resolved = _resolve(uri)
    loaded = load(uri)
    package, model = loaded.package, loaded.model
    return ModelPage(
        uri=redact(uri),
        location=redact(resolved.location if resolved else uri),
        task=package.task,
        model=package.model,
        variables=sorted(package.variables),
        template=package.template,
        fixed=package.fixed,
        params=param_views(package.signature.params),
        inputs=column_views(package.signature.inputs),
        outputs=column_views(package.signature.outputs),
        metadata=model.metadata,
        prompts=model.prompts,
        lineage=_lineage(resolved, model.utc_time_created or None),
    )


def _resolve(uri: str) -> ResolvedModel | None:
    if isinstance(parse_model_uri(uri), LocationUri):
        return None
    from quire.registry import resolve_model_uri

    return resolve_model_uri(uri)


def _lineage(resolved: ResolvedModel | None, created: str | None) -> LineageView:
    if resolved is None:
        return LineageView(created=created)
    from quire.store.current import current_registry_store, current_store

    store, registry = current_store(), current_registry_store()
    version = resolved.version
    aliases = registry.get_model_version(resolved.name, version).aliases if resolved.name and version else []
    found = LineageView(
        model_id=resolved.model_id,
        run_id=resolved.run_id,
        name=resolved.name if version else None,
        version=version,
        aliases=sorted(aliases),
        created=created,
    )
    return _with_run(found, store) if resolved.run_id else found


def _with_run(lineage: LineageView, store: Store) -> LineageView:
    try:
        run = store.get_run(lineage.run_id or "")
        experiment = store.get_experiment(run.info.experiment_id)
    except QuireError:
        return lineage
    return msgspec.structs.replace(
        lineage,
        run_name=run.info.run_name,
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )


def show(console: Console, page: ModelPage) -> None:
    """Print the page."""
    rows = [("uri", page.uri), ("location", page.location), ("task", page.task), ("model", page.model)]
    rows += _lineage_rows(page.lineage)
    print_pairs(console, rows)
    _show_template(console, page.template)
    if page.fixed:
        heading(console, "Fixed parameters (sent with every request)")
        print_pairs(console, [(f"  {key}", shown(value)) for key, value in sorted(page.fixed.items())])
    heading(console, "Parameters that a caller may set")
    _show_params(console, page.params)
    _show_columns(console, page)


def _lineage_rows(lineage: LineageView) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if lineage.name:
        aliases = f" ({', '.join(f'@{alias}' for alias in lineage.aliases)})" if lineage.aliases else ""
        rows.append(("registered", f"{lineage.name}, version {lineage.version}{aliases}"))
    if lineage.model_id:
        rows.append(("model id", lineage.model_id))
    if lineage.run_id:
        rows.append(("run", f"{lineage.run_id}{f' ({lineage.run_name})' if lineage.run_name else ''}"))
    if lineage.experiment_name:
        rows.append(("experiment", f"{lineage.experiment_name} ({lineage.experiment_id})"))
    if lineage.created:
        rows.append(("created", f"{lineage.created.split('.')[0]} UTC"))
    return rows


def _show_template(console: Console, template: dict[str, Any]) -> None:
    if not template:
        heading(console, "Template")
        console.print("  none: the input is sent as it is")
    for key, value in template.items():
        heading(console, f"Template: {key}")
        for item in value if isinstance(value, list) else [value]:
            _show_message(console, item)


def _show_message(console: Console, message: Any) -> None:
    if not isinstance(message, dict):
        _show_text(console, "", shown(message))
        return
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    content = message.get("content")
    _show_text(console, str(message.get("role", "")), shown(content) if content is not None else "")
    for key, value in rest.items():
        _show_text(console, f"  {key}", shown(value))


def _show_text(console: Console, label: str, text: str) -> None:
    """A text under its label, with the template's variables marked."""
    for number, line in enumerate(clean(text).split("\n")):
        body = styled(line)
        body.highlight_regex(r"(?<!\{)\{[A-Za-z_]\w*\}(?!\})", "bold cyan")
        console.print(styled(f"  {label if number == 0 else '':<10} ", "bold") + body, soft_wrap=True)


def _show_params(console: Console, params: list[ParamView]) -> None:
    if not params:
        console.print("  none")
        return
    rows = [(clean(item.name), shown(item.default), clean(item.allowed)) for item in params]
    print_table(console, [("  name", "id"), ("default", "id"), ("allowed", "text")], _indented(rows))


def _indented(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [(f"  {row[0]}", *row[1:]) for row in rows]


def _show_columns(console: Console, page: ModelPage) -> None:
    heading(console, "Signature")
    for title, columns in (("reads", page.inputs), ("answers", page.outputs)):
        words = ", ".join(_column_words(column) for column in columns)
        console.print(styled(f"  {title:<10} {clean(words) or '-'}"), soft_wrap=True)


def _column_words(column: ColumnView) -> str:
    named = f"{column.name}: {column.type}" if column.name else column.type
    return named if column.required else f"{named} (optional)"


def model_of(package: Package) -> str:
    """Model and task in a few words."""
    return f"{package.model}, {package.task}"
