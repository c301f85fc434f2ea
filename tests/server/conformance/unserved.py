"""Calls for what Quire does not serve: each must end in an error that MLflow's client understands."""

from __future__ import annotations

import mlflow

# By group, the methods of MLflow's client that no call is served for, with arguments to try them by.
CALLS = {
    "webhooks": {
        "create_webhook": ("hook", "https://hook.example/x", ["registered_model.created"]),
        "get_webhook": ("w",), "list_webhooks": (), "update_webhook": ("w", "name"), "delete_webhook": ("w",),
        "test_webhook": ("w",),
    },
    "workspaces": {
        "create_workspace": ("space",), "get_workspace": ("space",), "list_workspaces": (),
        "update_workspace": ("space", "told"), "delete_workspace": ("space",), "get_workspace_store_uri": (),
    },
    "MCP servers": {
        "create_mcp_server": ("a/b",), "get_mcp_server": ("a/b",), "search_mcp_servers": (),
        "update_mcp_server": ("a/b", "n"), "delete_mcp_server": ("a/b",),
        "create_mcp_server_version": ({"name": "a/b", "version": "1.0.0"},),
        "get_mcp_server_version": ("a/b", "1.0.0"), "get_latest_mcp_server_version": ("a/b",),
        "get_mcp_server_version_by_alias": ("a/b", "x"),
        "search_mcp_server_versions": ("a/b",), "update_mcp_server_version": ("a/b", "1.0.0"),
        "delete_mcp_server_version": ("a/b", "1.0.0"), "refresh_mcp_server_version_tools": ("a/b", "1.0.0"),
        "set_mcp_server_alias": ("a/b", "x", "1.0.0"), "delete_mcp_server_alias": ("a/b", "x"),
        "set_mcp_server_tag": ("a/b", "k", "v"), "delete_mcp_server_tag": ("a/b", "k"),
        "set_mcp_server_version_tag": ("a/b", "1.0.0", "k", "v"),
        "delete_mcp_server_version_tag": ("a/b", "1.0.0", "k"),
        "create_mcp_access_endpoint": ("a/b", "https://mcp.example/x"), "get_mcp_access_endpoint": ("a/b", "e"),
        "search_mcp_access_endpoints": (), "update_mcp_access_endpoint": ("a/b", "e"),
        "delete_mcp_access_endpoint": ("a/b", "e"),
    },
}  # fmt: skip
# Paths that the UI of MLflow and its features ask for.
PATHS = {
    "GET": (
        "2.0/mlflow/webhooks", "3.0/mlflow/scorers/list", "3.0/mlflow/gateway/endpoints/list",
        "3.0/mlflow/gateway/secrets/list", "2.0/mlflow/gateway-proxy", "3.0/mlflow/workspaces",
        "3.0/mlflow/assistant/config", "3.0/mlflow/jobs/x",
    ),
    "POST": (
        "3.0/mlflow/traces/metrics", "3.0/mlflow/scorers/register", "3.0/mlflow/issues/search",
        "3.0/mlflow/demo/generate", "3.0/mlflow/genai/evaluate/invoke",
    ),
}  # fmt: skip


def calls(book, client):
    for group, methods in CALLS.items():
        for name, arguments in methods.items():
            book.ask(f"unserved {group}: {name}", getattr(client, name), *arguments)
    for method, paths in PATHS.items():
        for prefix in ("api", "ajax-api"):
            for path in paths:
                book.send(
                    f"unserved {method} /{prefix}/{path}", method, f"/{prefix}/{path}", {} if method == "POST" else None
                )
    book.ask(
        "unserved scorers: register",
        lambda: mlflow.genai.scorers.Safety(model="openai:/gpt-4o").register(name=f"s-{book.unique}"),
    )
    book.ask("unserved scorers: list", lambda: mlflow.genai.scorers.list_scorers(experiment_id="0"))
