"""Tell MLflow's AI Gateway, in its own database, of one endpoint: what its UI does by hand. Run by MLflow's Python."""

from __future__ import annotations

import importlib
import sys


def create(database: str, base_url: str, name: str) -> None:
    """An endpoint of a name, with one OpenAI model at a base URL."""
    entities = importlib.import_module("mlflow.entities")
    endpoints = importlib.import_module("mlflow.entities.gateway_endpoint")
    store = importlib.import_module("mlflow.store.tracking.sqlalchemy_store").SqlAlchemyStore(database, "./artifacts")
    secret = store.create_gateway_secret(
        secret_name="bench", secret_value={"api_key": "none"}, provider="openai", auth_config={"api_base": base_url}
    )
    model = store.create_gateway_model_definition(
        name=f"{name}-model", secret_id=secret.secret_id, provider="openai", model_name="gpt-4o-mini"
    )
    linked = entities.GatewayEndpointModelConfig(
        model_definition_id=model.model_definition_id, linkage_type=endpoints.GatewayModelLinkageType.PRIMARY
    )
    store.create_gateway_endpoint(name=name, model_configs=[linked])


if __name__ == "__main__":
    create(*sys.argv[1:])
