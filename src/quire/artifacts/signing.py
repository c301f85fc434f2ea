"""URLs that let whoever holds them make one request of an S3 bucket for a while: AWS Signature Version 4 in the query.

The algorithm is that of
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. Pure, given the time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import msgspec

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


class Credentials(msgspec.Struct, frozen=True):
    """An access key of one region; ``token`` goes with keys that expire."""

    key_id: str
    secret: str
    region: str
    token: str | None = None


def presign(
    method: str,
    url: str,
    credentials: Credentials,
    *,
    seconds: int,
    query: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> str:
    """``url`` (of an object, its path percent-encoded) with ``query`` and a signature that is good for ``seconds``."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{credentials.region}/s3/aws4_request"
    parts = urlsplit(url)
    fields = {
        **(query or {}),
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.key_id}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        fields["X-Amz-Security-Token"] = credentials.token
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(fields.items()))
    request = "\n".join([method, parts.path or "/", text, f"host:{parts.netloc}", "", "host", _UNSIGNED])
    hashed = hashlib.sha256(request.encode()).hexdigest()
    signature = _signature(credentials, scope, "\n".join([_ALGORITHM, moment, scope, hashed]))
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{text}&X-Amz-Signature={signature}"


def _signature(credentials: Credentials, scope: str, text: str) -> str:
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
