"""What MLflow's client for users does to a server; run by an interpreter that has MLflow, prints JSON."""

import json
import os
import sys
import types

# The client is in one package with MLflow's server of it, which wants this; the client does not use it.
sys.modules["flask_wtf"] = types.ModuleType("flask_wtf")
sys.modules["flask_wtf.csrf"] = types.ModuleType("flask_wtf.csrf")
sys.modules["flask_wtf.csrf"].CSRFProtect = object

import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.server.auth.client import AuthServiceClient  # noqa: E402

URL = sys.argv[1]
mlflow.set_tracking_uri(URL)
FIRST, SECOND = "a first password", "a second password"


def sign_in(username, password):
    os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = username, password


def code(call):
    try:
        call()
    except MlflowException as error:
        return error.error_code
    return None


def main():
    said = {}
    admin = (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"])
    client = AuthServiceClient(URL)
    tracking = mlflow.MlflowClient(URL)
    user = client.create_user("grace", FIRST)
    said["created"] = [user.username, user.is_admin, isinstance(user.id, int)]
    said["taken"] = code(lambda: client.create_user("grace", FIRST))
    said["got"] = client.get_user("grace").username
    said["unknown"] = code(lambda: client.get_user("nobody"))
    secret = tracking.create_experiment("secret")
    client.update_user_admin("grace", True)
    said["admin"] = client.get_user("grace").is_admin
    client.update_user_admin("grace", False)
    if hasattr(client, "grant_user_permission"):
        client.grant_user_permission("grace", "experiment", secret, "EDIT")
        found = client.get_user_permission("grace", "experiment", secret)
        said["granted"] = [found.allowed, found.permission]
    else:
        client.create_experiment_permission(secret, "grace", "EDIT")
        said["granted"] = [True, client.get_experiment_permission(secret, "grace").permission]
    client.update_user_password("grace", SECOND)
    sign_in("grace", SECOND)
    run = tracking.create_run(secret)
    said["edited"] = run.info.experiment_id == secret
    said["not managed"] = code(lambda: tracking.delete_experiment(secret))
    said["not admin"] = code(lambda: client.create_user("eve", FIRST))
    own = tracking.create_registered_model("graces")
    said["own"] = own.name
    client.update_user_password("grace", FIRST, *([SECOND] if hasattr(client, "grant_user_permission") else []))
    said["old password"] = code(lambda: tracking.get_run(run.info.run_id))
    sign_in(*admin)
    if hasattr(client, "revoke_user_permission"):
        client.revoke_user_permission("grace", "experiment", secret)
    else:
        client.delete_experiment_permission(secret, "grace")
    client.delete_user("grace")
    said["gone"] = code(lambda: client.get_user("grace"))
    del os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
    said["nobody"] = code(lambda: tracking.get_experiment(secret))
    os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["A_TOKEN"]
    said["by token"] = tracking.get_experiment(secret).name
    said["by token, read only"] = code(lambda: tracking.create_run(secret))
    print(json.dumps(said))


main()
