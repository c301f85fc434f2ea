"""Uploads in parts that clients send to an S3 bucket by themselves, with URLs signed for each part.

Protocol: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html. Needs the access key in the
environment; where the machine itself is trusted (a role), files pass through the process instead.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from quire.artifacts.base import ArtifactStore
from quire.artifacts.signing import Credentials, presign
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied, QuireError, Unavailable

SECONDS = 3600
"""How long the URL of a part is good."""
MOST_PARTS = 10_000
_TIMEOUT = 60
_UPLOAD_ID = re.compile(r"<UploadId>([^<]+)</UploadId>")
_ERROR = re.compile(r"<Code>([^<]+)</Code>")
_ETAG = re.compile(r'"?[0-9A-Za-z+/=_\-]{1,200}"?')


class Multipart:
    """Uploads in parts below one prefix of a bucket."""

    def __init__(self, base: str, prefix: str, credentials: Credentials) -> None:
        self._base = base
        self._prefix = prefix
        self._credentials = credentials

    def create(self, path: str) -> str:
        """Begin an upload; its id."""
        answer = self._send("POST", path, {"uploads": ""}, b"")
        found = _UPLOAD_ID.search(answer)
        if found is None:
            raise Unavailable("The object store began an upload and did not say its id. Try again.")
        return found[1]

    def part_url(self, path: str, upload_id: str, number: int) -> str:
        """Where a client puts one part, numbered from 1."""
        return self._sign("PUT", path, {"partNumber": str(number), "uploadId": upload_id})

    def complete(self, path: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        """Make one object of the parts, each given by its number and the ETag that the store answered."""
        if not parts or not all(1 <= number <= MOST_PARTS and _ETAG.fullmatch(tag) for number, tag in parts):
            raise InvalidInput(
                f"An upload is completed with 1 to {MOST_PARTS:,} parts, each with its number and its ETag."
            )
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in sorted(parts)
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        answer = self._send("POST", path, {"uploadId": upload_id}, body)
        if "<Error>" in answer:  # the status was sent before the parts were joined
            raise _explained(400, answer)

    def abort(self, path: str, upload_id: str) -> None:
        """Forget the parts of an upload."""
        self._send("DELETE", path, {"uploadId": upload_id}, None)

    def _sign(self, method: str, path: str, query: Mapping[str, str]) -> str:
        key = "/".join(part for part in (self._prefix, path) if part)
        url = f"{self._base}/{quote(key, safe='/~')}"
        return presign(method, url, self._credentials, seconds=SECONDS, query=query)

    def _send(self, method: str, path: str, query: Mapping[str, str], body: bytes | None) -> str:
        request = urllib.request.Request(self._sign(method, path, query), data=body, method=method)  # noqa: S310
        request.add_header("Content-Type", "application/xml")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  # our own bucket
                text: str = answer.read(1 << 20).decode("utf-8", "replace")
                return text
        except urllib.error.HTTPError as error:
            raise _explained(error.code, error.read(1 << 16).decode("utf-8", "replace")) from None
        except OSError as error:
            raise Unavailable(f"The object store cannot be reached: {error}.") from None


def _explained(status: int, answer: str) -> QuireError:
    code = (_ERROR.search(answer) or ["", f"status {status}"])[1]
    if status == 404 or code == "NoSuchUpload":
        return NotFound(f"The object store knows no such upload ({code}). Begin it again.")
    if status == 403:
        return PermissionDenied(f"The object store did not allow the upload ({code}).")
    if status < 500:
        return InvalidInput(f"The object store refused the upload ({code}). Send the parts again.")
    return Unavailable(f"The object store failed ({code}). Try again.")


def multipart(store: ArtifactStore) -> Multipart | None:
    """Uploads in parts into a store; None if it is no S3 bucket whose access key this process was given."""
    if not store.uri.startswith(("s3://", "s3a://", "s3n://")):
        return None
    return _of_environment(store.uri, os.environ)


def _of_environment(uri: str, environment: Mapping[str, str]) -> Multipart | None:
    key_id, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not key_id or not secret:
        return None
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    bucket, _, prefix = uri.partition("://")[2].strip("/").partition("/")
    endpoint = next(
        (
            environment[name].rstrip("/")
            for name in ("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
            if environment.get(name)
        ),
        None,
    )
    base = f"{endpoint}/{bucket}" if endpoint else f"https://{bucket}.s3.{region}.amazonaws.com"
    return Multipart(base, prefix, Credentials(key_id, secret, region, environment.get("AWS_SESSION_TOKEN")))
