"""Files that clients exchange with the bucket by themselves: where that can be, and for how long."""

from __future__ import annotations

from typing import Literal

from quire.artifacts.base import ArtifactStore
from quire.artifacts.multipart import Multipart, multipart
from quire.artifacts.streams import presigned
from quire.domain.errors import InvalidInput
from quire.server.context import Context
from quire.server.errors import HttpError

DEFAULT_SECONDS = 900
MOST_SECONDS = 7 * 24 * 3600


def direct_bucket(context: Context) -> ArtifactStore | None:
    """The bucket behind the proxy, if clients may reach it by signed URLs."""
    if not context.settings.direct_transfers or not context.settings.serve_artifacts:
        return None
    store = context.places.proxied
    return store if is_bucket(store) else None


def gives_urls(context: Context) -> bool:
    """Whether clients may fetch files from the bucket itself."""
    return direct_bucket(context) is not None


def takes_parts(context: Context) -> bool:
    """Whether clients may send files to the bucket itself, in parts."""
    return uploads_in_parts(context) is not None


def is_bucket(store: ArtifactStore) -> bool:
    """Whether a store gives out URLs."""
    return hasattr(store, "presigned")


def uploads_in_parts(context: Context) -> Multipart | None:
    """Uploads in parts into the bucket behind the proxy, if it takes them."""
    store = direct_bucket(context)
    return None if store is None else multipart(store)


def signed(store: ArtifactStore, method: Literal["GET", "PUT"], path: str, seconds: int | None = None) -> str:
    """A URL for one file of a bucket. Raises InvalidInput for a time that no object store allows."""
    wanted = DEFAULT_SECONDS if seconds is None else seconds
    if not 1 <= wanted <= MOST_SECONDS:
        raise InvalidInput(f"expiration is {wanted}; give a number of seconds from 1 to {MOST_SECONDS:,}.")
    url = presigned(store, method, path, wanted)
    if url is None:
        raise not_implemented("A signed URL")
    return url


def not_implemented(what: str) -> HttpError:
    """The artifact root of this server cannot do that; a client then sends and fetches files through the server."""
    return HttpError(501, "NOT_IMPLEMENTED", f"{what} is not supported for the current artifact repository.")
