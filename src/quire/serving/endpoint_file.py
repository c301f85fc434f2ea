"""Reading a file of endpoints from disk: YAML or JSON, with model folders beside it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from quire.domain.endpoint_files import read_endpoints
from quire.domain.endpoints import Endpoint, Shadow
from quire.domain.errors import InvalidInput, MalformedModel, NotFound
from quire.domain.uris import LocationUri, is_local, parse_model_uri


def load_endpoints(path: str | Path) -> list[Endpoint]:
    """The endpoints that a file says, checked. A model that is a relative path is sought beside the file.

    Raises NotFound for a file that is not there, and InvalidInput, naming the place in it, for one that is wrong.
    """
    from quire.models.yamltext import parse_yaml

    file = Path(path)
    try:
        data = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no file {str(file)!r}; expected a YAML file with the key 'endpoints'.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{str(file)!r} is a folder; expected a YAML file with the key 'endpoints'.") from None
    try:
        content = parse_yaml(data, str(file), "a list of endpoints")
    except MalformedModel as error:
        raise InvalidInput(error.message) from None
    return [_beside(endpoint, file.absolute().parent) for endpoint in read_endpoints(content, str(file))]


def _beside(endpoint: Endpoint, folder: Path) -> Endpoint:
    shadows: list[Shadow] = [
        msgspec.structs.replace(shadow, model=_placed(shadow.model, folder)) for shadow in endpoint.shadows
    ]
    return msgspec.structs.replace(endpoint, model=_placed(endpoint.model, folder), shadows=shadows)


def _placed(uri: str, folder: Path) -> str:
    parsed = parse_model_uri(uri)
    if isinstance(parsed, LocationUri) and is_local(uri) and not uri.startswith("file:"):
        return str(folder / uri)
    return uri
