"""The checks of ``quire doctor``, each a plain function."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from quire._version import __version__
from quire.cli.doctor import Check
from quire.domain.errors import MissingConfiguration, QuireError
from quire.domain.redaction import redact

if TYPE_CHECKING:
    import openai

    from quire.caller.settings import ServiceSettings

_EXTRAS = {
    "azure": ("azure.identity", "azure-identity", "Entra ID tokens for Azure OpenAI"),
    "postgres": ("psycopg", "psycopg", "a PostgreSQL tracking store"),
    "pandas": ("pandas", "pandas", "dataframes from search_runs"),
    "parquet": ("pyarrow", "pyarrow", "Parquet files in quire predict"),
}
_ONLINE_SECONDS = 15.0


def examine(*, online: bool) -> list[Check]:
    """Every check, in the order in which a person would ask."""
    found = [_quire(), _openai(), *_tracking(), *_service()]
    if online:
        found.append(_guarded("reachable", _reachable))
    return [*found, *_extras()]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except QuireError as error:
        return Check(name=name, status="problem", detail=_line(error.message))


def _line(text: str) -> str:
    return " ".join(redact(text).split())


def _quire() -> Check:
    python = f"Python {platform.python_version()} ({platform.python_implementation()}, {platform.system()})"
    return Check(name="quire", status="ok", detail=f"{__version__} on {python}")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _openai() -> Check:
    version = _version("openai")
    if version is None:
        return Check(name="openai", status="problem", detail="is not installed", remedy="pip install 'openai>=1.17'")
    return Check(name="openai", status="ok", detail=version)


def _tracking() -> Iterator[Check]:
    from quire.cli.lookup import missing_database
    from quire.store.current import VARIABLES, get_tracking_uri

    uri = get_tracking_uri()
    source = next((name for name in VARIABLES if os.environ.get(name)), "the default")
    where = f"{redact(uri)} ({source})"
    missing = missing_database(uri)
    if missing is not None:
        yield _guarded("tracking", lambda: _unmade_store(where, missing))
        return
    yield _guarded("tracking", lambda: _open_store(where))
    yield _guarded("artifacts", _artifact_root)


def _unmade_store(where: str, path: Path) -> Check:
    if _nearest_writable(path.parent):
        return Check(name="tracking", status="note", detail=f"{where} does not exist yet; the first run makes it")
    return Check(
        name="tracking",
        status="problem",
        detail=f"{where} does not exist and {str(path.parent)!r} cannot be written",
        remedy="set QUIRE_TRACKING_URI to a place that can",
    )


def _open_store(where: str) -> Check:
    from quire.cli.lookup import all_experiments, all_pages
    from quire.store.current import current_registry_store, current_store

    store = current_store()
    experiments = all_experiments(store)
    registry = current_registry_store()
    models = list(all_pages(lambda token: registry.search_registered_models(page_token=token)))
    newest = store.search_runs([item.experiment_id for item in experiments], max_results=1000)
    runs = f"{len(newest)}{'+' if newest.token else ''}"
    detail = f"{where} opens: {len(experiments)} experiments, {runs} runs, {len(models)} registered models"
    return Check(name="tracking", status="ok", detail=detail)


def _artifact_root() -> Check:
    from quire.store.current import current_store

    experiments = current_store().search_experiments(max_results=1)
    if not experiments:
        return Check(name="artifacts", status="note", detail="no experiment has a place for artifacts yet")
    location = experiments[0].artifact_location
    parts = urlsplit(location)
    if parts.scheme not in ("", "file"):
        return Check(name="artifacts", status="ok", detail=f"{redact(location)} (object store, not tried)")
    folder = Path(unquote(parts.path)).parent
    if _nearest_writable(folder):
        return Check(name="artifacts", status="ok", detail=f"{folder} can be written")
    return Check(
        name="artifacts",
        status="problem",
        detail=f"{folder} cannot be written",
        remedy="make the folder writable for this user",
    )


def _nearest_writable(folder: Path) -> bool:
    """Whether the folder, or the nearest one above it that exists, can be written."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _service() -> Iterator[Check]:
    from quire.caller.settings import DEFAULT_BASE_URL, ServiceSettings, missing_variables

    try:
        settings = ServiceSettings.from_environment()
    except QuireError as error:
        yield Check(name="service", status="problem", detail=_line(error.message))
        return
    kind = "OpenAI or compatible" if settings.api_type == "openai" else f"Azure OpenAI ({settings.api_type})"
    yield Check(name="service", status="ok", detail=f"{kind} at {redact(settings.base_url or DEFAULT_BASE_URL)}")
    for name in _variables_set():
        yield Check(name=name, status="ok", detail=_shown_value(name, os.environ[name]))
    for missing in missing_variables(settings):
        remedy = "export it, or try without a key: quire simulate"
        yield Check(name=missing.split(" ")[0], status="note", detail=_not_set(missing), remedy=remedy)


def _not_set(missing: str) -> str:
    _name, _space, other = missing.partition(" ")
    return f"not set {other}".strip()


_SHOWN_WHOLE = ("OPENAI_API_TYPE", "OPENAI_API_VERSION", "OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_DEPLOYMENT")
_PREFIXES = ("OPENAI_", "AZURE_OPENAI_")


def _variables_set() -> list[str]:
    return sorted(name for name, value in os.environ.items() if value and name.startswith(_PREFIXES))


def _shown_value(name: str, value: str) -> str:
    """What may be seen of a variable: kinds and names whole, addresses without credentials, all else its length."""
    if name in _SHOWN_WHOLE:
        return redact(value)
    if name.endswith(("_BASE", "_BASE_URL", "_ENDPOINT")):
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if _has_port(value) else ''}{parts.path}"
    return f"set ({len(value)} characters)"


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port is not None
    except ValueError:
        return False


def _reachable() -> Check:
    import openai

    from quire.caller.settings import ServiceSettings

    settings = ServiceSettings.from_environment()
    settings.require_complete()
    try:
        with _client(settings) as client:
            names = [model.id for model in client.models.list()]
    except openai.OpenAIError as error:
        return Check(
            name="reachable",
            status="problem",
            detail=_line(f"the service did not answer as it should: {type(error).__name__}: {error}"),
            remedy="check the base URL, the key and the network",
        )
    return Check(name="reachable", status="ok", detail=f"the service answers and offers {len(names)} models")


def _client(settings: ServiceSettings) -> openai.OpenAI:
    import openai

    if settings.api_type == "openai":
        return openai.OpenAI(
            api_key=settings.api_key, base_url=settings.base_url, timeout=_ONLINE_SECONDS, max_retries=0
        )
    if settings.api_key is None and settings.ad_token is None:
        raise MissingConfiguration(
            "An Entra ID token is fetched only when a batch runs; set AZURE_OPENAI_AD_TOKEN to try the service here."
        )
    return openai.AzureOpenAI(
        api_key=settings.api_key,
        azure_ad_token=settings.ad_token,
        azure_endpoint=settings.base_url or "",
        api_version=settings.api_version,
        timeout=_ONLINE_SECONDS,
        max_retries=0,
    )


def _extras() -> Iterator[Check]:
    for extra, (module, package, use) in _EXTRAS.items():
        version = _version(package)
        if version is not None and _importable(module):
            yield Check(name=extra, status="ok", detail=f"{package} {version}: {use}")
        else:
            remedy = f"pip install 'quire[{extra}]'" if extra != "parquet" else "pip install pyarrow"
            yield Check(name=extra, status="note", detail=f"not installed: {use}", remedy=remedy)


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
