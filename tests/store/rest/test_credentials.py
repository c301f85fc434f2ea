"""Who asks: credentials, workspaces, TLS and proxies, as the environment or the URI says."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from quire.domain.errors import InvalidInput, Unavailable
from quire.store.rest import RestStore
from tests.store.rest.conftest import Scripted

Servers = Callable[..., Scripted]
RUN = "0" * 32


def _basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"MLFLOW_TRACKING_TOKEN": "t1"}, "Bearer t1"),
        ({"QUIRE_TRACKING_TOKEN": "t2", "MLFLOW_TRACKING_TOKEN": "t1"}, "Bearer t2"),
        ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "pässword"}, _basic("ada:pässword")),
        ({"QUIRE_TRACKING_USERNAME": "eve", "QUIRE_TRACKING_PASSWORD": "x"}, _basic("eve:x")),
        (
            {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "p", "MLFLOW_TRACKING_TOKEN": "t"},
            _basic("ada:p"),
        ),
        ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_TOKEN": "t"}, "Bearer t"),
    ],
)
def test_credentials_come_from_the_environment(
    scripted: Servers, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server = scripted()
    RestStore(server.url).delete_run(RUN)
    assert server.requests[0].headers.get("authorization") == expected


def test_a_token_that_is_renewed_is_used(scripted: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    server = scripted()
    store = RestStore(server.url)
    for token in ("old", "new"):
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        store.delete_run(RUN)
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer old", "Bearer new"]


def test_a_login_in_the_uri_wins_and_is_never_shown(scripted: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t")
    server = scripted()
    store = RestStore(f"http://ada:s%40cret@127.0.0.1:{server.port}")
    store.delete_run(RUN)
    assert server.requests[0].headers["authorization"] == _basic("ada:s@cret")
    assert store.uri == server.url
    server.close()
    with pytest.raises(Unavailable) as refused:
        store.create_experiment("x")
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize("token", ["a\nX-Evil: 1", "tökén"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(
    scripted: Servers, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
    server = scripted()
    with pytest.raises(InvalidInput, match="holds a line break or a character that is not ASCII") as refused:
        RestStore(server.url).delete_run(RUN)
    assert token not in str(refused.value)
    assert server.requests == []


def test_the_workspace_is_named(scripted: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team a")
    server = scripted()
    RestStore(server.url).delete_run(RUN)
    assert server.requests[0].headers["x-mlflow-workspace"] == "team%20a"


def test_a_path_before_the_api_is_kept(scripted: Servers) -> None:
    server = scripted()
    RestStore(f"{server.url}/behind/a path/").delete_run(RUN)
    assert server.requests[0].target == "/behind/a%20path/api/2.0/mlflow/runs/delete"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody else vouches for, and a context to serve with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "quire tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    keyed = tmp_path / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    keyed.write_bytes(private + path.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keyed)
    return path, context


def test_a_certificate_that_nobody_vouches_for_is_refused(
    scripted: Servers, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    server = scripted(context=certificate[1])
    with pytest.raises(Unavailable, match="certificate verify failed"):
        RestStore(server.url).delete_run(RUN)
    assert server.requests == []


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE"])
def test_a_file_of_certificates_may_vouch_for_it(
    scripted: Servers, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate[0]))
    server = scripted(context=certificate[1])
    store = RestStore(server.url)
    store.delete_run(RUN)
    store.delete_run(RUN)
    assert {request.connection for request in server.requests} == {1}


def test_checking_may_be_turned_off_and_then_no_unchecked_connection_is_used_when_it_is_on_again(
    scripted: Servers, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(context=certificate[1])
    store = RestStore(server.url)
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    store.delete_run(RUN)
    monkeypatch.delenv("MLFLOW_TRACKING_INSECURE_TLS")
    with pytest.raises(Unavailable, match="certificate verify failed"):
        store.delete_run(RUN)
    assert len(server.requests) == 1


def test_settings_of_tls_that_contradict_or_cannot_be_read_are_refused(
    scripted: Servers, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RestStore(scripted(context=certificate[1]).url)
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/absent.pem")
    with pytest.raises(InvalidInput, match=r"MLFLOW_TRACKING_SERVER_CERT_PATH \('/absent.pem'\)"):
        store.delete_run(RUN)
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "1")
    with pytest.raises(InvalidInput, match="Unset one of them"):
        store.delete_run(RUN)


def test_a_proxy_is_asked_for_other_machines_and_not_for_this_one(
    scripted: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = scripted(), scripted()
    monkeypatch.setenv("HTTP_PROXY", f"http://ada:pw@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t")
    RestStore("http://tracking.example:5000").delete_run(RUN)
    (request,) = proxy.requests
    assert request.target == "http://tracking.example:5000/api/2.0/mlflow/runs/delete"
    assert request.headers["host"] == "tracking.example:5000"
    assert request.headers["proxy-authorization"] == _basic("ada:pw")
    assert request.headers["authorization"] == "Bearer t"
    RestStore(server.url).delete_run(RUN)
    assert len(server.requests) == 1
    assert "proxy-authorization" not in server.requests[0].headers
    monkeypatch.setenv("NO_PROXY", "tracking.example")
    RestStore("http://tracking.example:5000").close()
    with pytest.raises(Unavailable, match=r"tracking\.example"):
        RestStore("http://tracking.example:5000").delete_run(RUN)
    assert len(proxy.requests) == 1


def test_a_proxy_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(InvalidInput, match=r"not of the form http://host:port\. Set HTTPS_PROXY"):
        RestStore("https://tracking.example").delete_run(RUN)
