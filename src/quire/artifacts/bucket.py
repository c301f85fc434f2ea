"""Which bucket an object-store URI names, and the one connection that this process keeps to it."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from quire.domain.errors import InvalidInput, MissingConfiguration
from quire.domain.paths import checked_path

if TYPE_CHECKING:
    from obstore.store import ObjectStore

BucketKind = Literal["s3", "gs", "az"]
SCHEMES: dict[str, BucketKind] = {
    "s3": "s3",
    "s3a": "s3",
    "s3n": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "azure": "az",
    "abfs": "az",
    "abfss": "az",
    "wasb": "az",
    "wasbs": "az",
}
_URI = re.compile(
    r"(?P<scheme>[A-Za-z0-9]+)://(?:(?P<container>[^/@]+)@)?(?P<host>[^/@]+)(?:/(?P<prefix>.*))?\Z", re.DOTALL
)
_SETTINGS = ("AWS_", "GOOGLE_", "AZURE_", "MLFLOW_S3_")
_TLS_WORDS = {"1", "true", "yes"}


class Bucket(msgspec.Struct, frozen=True):
    """A bucket (S3, GCS) or container (Azure); ``host`` is the Azure account's host where the URI names one."""

    kind: BucketKind
    name: str
    host: str | None = None


def parse_bucket(uri: str) -> tuple[Bucket, str]:
    """The bucket of an object-store URI, and the key prefix in it. Raises InvalidInput."""
    match = _URI.match(uri)
    kind = SCHEMES.get(match["scheme"].lower()) if match else None
    if match is None or kind is None or (match["container"] and kind != "az"):
        raise InvalidInput(
            f"{uri!r} does not name a bucket. Expected s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, "
            "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX or "
            "wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PREFIX."
        )
    prefix = checked_path((match["prefix"] or "").strip("/"), root=True)
    if match["container"]:
        return Bucket(kind, match["container"], match["host"]), prefix
    return Bucket(kind, match["host"]), prefix


def connect(bucket: Bucket) -> ObjectStore:
    """The process's connection to a bucket, made anew when the environment variables that concern it change."""
    settings = tuple(sorted(item for item in os.environ.items() if item[0].startswith(_SETTINGS)))
    return _connect(bucket, settings, os.getpid())


@lru_cache(maxsize=64)
def _connect(bucket: Bucket, settings: tuple[tuple[str, str], ...], _pid: int) -> ObjectStore:
    environment = dict(settings)
    match bucket.kind:
        case "s3":
            return _connect_s3(bucket, environment)
        case "gs":
            return _connect_gcs(bucket)
        case "az":
            return _connect_azure(bucket, environment)


def _connect_s3(bucket: Bucket, environment: dict[str, str]) -> ObjectStore:
    from obstore.store import S3Store

    endpoint = next(
        (
            environment[name]
            for name in ("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
            if environment.get(name)
        ),
        None,
    )
    options: dict[str, Any] = {}
    if endpoint:
        options["endpoint"] = endpoint.rstrip("/")
    if region := environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"):
        options["region"] = region
    unverified = environment.get("MLFLOW_S3_IGNORE_TLS", "").lower() in _TLS_WORDS
    return S3Store(
        bucket.name,
        client_options=_client_options(endpoint, unverified=unverified),
        retry_config=_retries(),
        credential_provider=_profile(environment),
        **options,
    )


def _profile(environment: dict[str, str]) -> Any:
    """Credentials of an AWS profile, which boto3 reads; None where the environment or the machine gives them."""
    if environment.get("AWS_ACCESS_KEY_ID") or environment.get("AWS_SKIP_SIGNATURE"):
        return None
    named = environment.get("AWS_PROFILE")
    files = [environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), "~/.aws/config"]
    if not named and not any(Path(file).expanduser().exists() for file in files):
        return None
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        if not named:
            return None
        raise MissingConfiguration(
            f"AWS_PROFILE is {named!r}, and reading a profile needs boto3. Install it (pip install boto3), or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from None
    return Boto3CredentialProvider()


def _connect_gcs(bucket: Bucket) -> ObjectStore:
    from obstore.store import GCSStore

    return GCSStore(bucket.name, client_options=_client_options(None), retry_config=_retries())


def _connect_azure(bucket: Bucket, environment: dict[str, str]) -> ObjectStore:
    from obstore.store import AzureStore

    options: dict[str, Any] = _connection_string(environment.get("AZURE_STORAGE_CONNECTION_STRING", ""))
    if bucket.host:
        options["account_name"] = bucket.host.partition(".")[0]
        options["use_fabric_endpoint"] = bucket.host.endswith(".fabric.microsoft.com")
    named = options.get("account_name") or environment.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not named and not environment.get("AZURE_STORAGE_USE_EMULATOR"):
        raise MissingConfiguration(
            f"The storage account of the Azure container {bucket.name!r} is not known. Set AZURE_STORAGE_ACCOUNT_NAME "
            "(and AZURE_STORAGE_ACCOUNT_KEY), or AZURE_STORAGE_CONNECTION_STRING, or write the URI as "
            "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX."
        )
    return AzureStore(
        bucket.name,
        client_options=_client_options(options.get("endpoint")),
        retry_config=_retries(),
        **options,
    )


def _connection_string(text: str) -> dict[str, Any]:
    """The parts of an Azure storage connection string that name and open the account."""
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    names = {
        "AccountName": "account_name",
        "AccountKey": "account_key",
        "SharedAccessSignature": "sas_key",
        "BlobEndpoint": "endpoint",
    }
    return {names[key]: value for key, value in parts.items() if key in names and value}


def _client_options(endpoint: str | None, *, unverified: bool = False) -> Any:
    return {
        "timeout": "120s",
        "connect_timeout": "10s",
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
        "allow_invalid_certificates": unverified,
    }


def _retries() -> Any:
    return {"max_retries": 6, "retry_timeout": timedelta(seconds=60)}
