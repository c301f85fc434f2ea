"""``python -m quire.server.document``: the OpenAPI document of every call, for what is generated from it."""

from __future__ import annotations

import sys

import msgspec

from quire.server.app import all_calls
from quire.server.auth.attach import access_calls
from quire.server.openapi import make_document


def main() -> None:
    """Write the document to standard output."""
    document = make_document([*all_calls(), *access_calls()])
    sys.stdout.buffer.write(msgspec.json.encode(document))


if __name__ == "__main__":
    main()
