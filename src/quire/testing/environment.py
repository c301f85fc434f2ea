"""The environment variables that send an application's OpenAI client to a simulator."""

from __future__ import annotations

API_KEY = "simulator"
"""The key that the variables hold; a simulator accepts any unless told otherwise."""
DEPLOYMENT = "simulated-deployment"
API_VERSION = "2024-10-21"
VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "OPENAI_API_TYPE",
    "OPENAI_API_VERSION",
    "OPENAI_DEPLOYMENT_NAME",
    "OPENAI_ORG_ID",
    "OPENAI_ORGANIZATION",
    "OPENAI_PROJECT_ID",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_AD_TOKEN",
)
"""Every variable that decides where a client sends; those not set for the simulator must be unset."""


def openai_environment(port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """For the OpenAI SDK, Quire and MLflow."""
    base = f"http://{host}:{port}/v1"
    return {"OPENAI_API_KEY": API_KEY, "OPENAI_BASE_URL": base, "OPENAI_API_BASE": base}


def azure_environment(port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """For the SDK's Azure client, and under the names that Quire and MLflow read."""
    endpoint = f"http://{host}:{port}"
    return {
        "OPENAI_API_TYPE": "azure",
        "OPENAI_API_BASE": endpoint,
        "OPENAI_API_KEY": API_KEY,
        "OPENAI_API_VERSION": API_VERSION,
        "OPENAI_DEPLOYMENT_NAME": DEPLOYMENT,
        "AZURE_OPENAI_API_KEY": API_KEY,
        "AZURE_OPENAI_ENDPOINT": endpoint,
    }
