"""Upstreams behind TLS: one that is trusted answers, one that is not is never sent anything."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from quire.domain.endpoints import Endpoint, Retrying, Upstream
from quire.serving.errors import NoAnswer
from quire.serving.sender import make_sender
from quire.serving.sender.sender import EndpointSender
from tests.serving.sender.conftest import ENVIRON, chat
from tests.serving.sender.peers import RawServer, answering

x509 = pytest.importorskip("cryptography.x509")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key, in one file."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file: Path = tmp_path_factory.mktemp("tls") / "upstream.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@pytest_asyncio.fixture
async def secured(certificate: Path) -> AsyncIterator[RawServer]:
    """An upstream with that certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await RawServer(answering).start(context)
    yield server
    await server.stop()


async def made(server: RawServer) -> EndpointSender:
    """A sender made in a thread, as a server makes it."""
    base_url = server.base_url.replace("http:", "https:")
    endpoint = Endpoint(
        name="joker", model="m", upstream=Upstream(base_url=base_url), retrying=Retrying(retries=0, timeout_s=5)
    )
    return await asyncio.to_thread(make_sender, endpoint, environ=ENVIRON)


async def test_one_that_is_trusted(secured: RawServer, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sender = await made(secured)
    assert [(await sender.send(chat())).status for _ in range(3)] == [200] * 3
    assert len(secured.peers) == 1
    await sender.close()


async def test_one_that_is_not(secured: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    sender = await made(secured)
    with pytest.raises(NoAnswer, match=r"cannot be reached .*certificate") as met:
        await sender.send(chat())
    assert met.value.status == 502
    assert secured.requests == 0
    await sender.close()
