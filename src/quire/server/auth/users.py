"""Users and their permissions, by MLflow's calls: ``/api/2.0/mlflow/users/…`` and ``/api/3.0/mlflow/users/…``."""

from __future__ import annotations

from typing import Literal

from quire.domain.access import Identity, Permission, Resource, Role
from quire.domain.protojson import Message, Required
from quire.server.auth.asking import current
from quire.server.auth.settings import AuthSettings
from quire.server.auth.words import (
    PERMISSIONS,
    CreateUser,
    DeleteUser,
    EffectiveResponse,
    ExperimentPermissionResponse,
    GiveOnExperiment,
    GiveOnModel,
    GiveOnResource,
    ModelPermissionResponse,
    OfUser,
    OnExperiment,
    OnModel,
    OnResource,
    PermissionMessage,
    PermissionsResponse,
    TakeOnResource,
    UpdateAdmin,
    UpdatePassword,
    UserMessage,
    UserResponse,
    UsersResponse,
    on_experiment,
    on_model,
    role_of,
    user_message,
)
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.access import AccessStore, access_of
from quire.store.rest.wire.common import Empty

calls = Calls("2.0", "mlflow", tag="Users")
calls_of_3 = Calls("3.0", "mlflow", tag="Users")


def _access(context: Context) -> AccessStore:
    return access_of(context.store)


def _user(context: Context, username: str) -> UserResponse:
    access = _access(context)
    permissions = access.list_permissions(username=username)
    return UserResponse(user=user_message(access.get_user(username), permissions))


@calls.write("POST", "users/create")
def create_user(context: Context, request: CreateUser) -> UserResponse:
    """Add a user."""
    _access(context).create_user(request.username, password_hash=current.get().prepared)
    return _user(context, request.username)


@calls.read("GET", "users/get")
def get_user(context: Context, request: OfUser) -> UserResponse:
    """A user with permissions."""
    return _user(context, request.username)


@calls.read("GET", "users/list")
def list_users(context: Context, request: Empty) -> UsersResponse:
    """All users."""
    access = _access(context)
    given: dict[str, list[Permission]] = {}
    for item in access.list_permissions():
        given.setdefault(item.username, []).append(item)
    return UsersResponse(users=[user_message(user, given.get(user.username, [])) for user in access.list_users()])


@calls.read("GET", "users/current")
def get_current_user(context: Context, request: Empty) -> UserResponse:
    """Who asks."""
    return _user(context, current.get().identity.name)


@calls.write("PATCH", "users/update-password")
def update_user_password(context: Context, request: UpdatePassword) -> Empty:
    """Replace a user's password; sessions of the user end."""
    _access(context).set_password_hash(request.username, current.get().prepared)
    return Empty()


@calls.write("PATCH", "users/update-admin")
def update_user_admin(context: Context, request: UpdateAdmin) -> Empty:
    """Make a user an admin of the server, or no more."""
    access = _access(context)
    if access.get_user(request.username).is_admin != request.is_admin:
        access.set_role(request.username, "admin" if request.is_admin else None)
    return Empty()


@calls.write("DELETE", "users/delete")
def delete_user(context: Context, request: DeleteUser) -> Empty:
    """Delete a user with permissions and tokens."""
    _access(context).delete_user(request.username)
    return Empty()


class UpdateUser(Message, frozen=True, kw_only=True):
    """The role in the workspace; ``default`` is to have none there."""

    username: Required
    role: Literal["default", "none", "reader", "editor", "admin"]
    reason: str = ""


@calls.write("PATCH", "/api/quire/v1/users/{username}")
def update_user(context: Context, request: UpdateUser) -> UserMessage:
    """Change a user's role in the workspace."""
    role: Role | None = None if request.role == "default" else request.role
    _access(context).set_role(request.username, role)
    return _user(context, request.username).user


@calls.write("POST", "experiments/permissions/create")
def create_experiment_permission(context: Context, request: GiveOnExperiment) -> ExperimentPermissionResponse:
    """Give a user a permission on an experiment."""
    return _on_experiment(_create(context, request))


@calls.read("GET", "experiments/permissions/get")
def get_experiment_permission(context: Context, request: OnExperiment) -> ExperimentPermissionResponse:
    """The permission that a user was given on an experiment."""
    return _on_experiment(_access(context).get_permission(request.username, request.resource))


@calls.write("PATCH", "experiments/permissions/update")
def update_experiment_permission(context: Context, request: GiveOnExperiment) -> Empty:
    """Change the permission that a user was given on an experiment."""
    _update(context, request)
    return Empty()


@calls.write("DELETE", "experiments/permissions/delete")
def delete_experiment_permission(context: Context, request: OnExperiment) -> Empty:
    """Take a user's permission on an experiment away."""
    _access(context).delete_permission(request.username, request.resource)
    return Empty()


@calls.write("POST", "registered-models/permissions/create")
def create_registered_model_permission(context: Context, request: GiveOnModel) -> ModelPermissionResponse:
    """Give a user a permission on a registered model."""
    return _on_model(_create(context, request))


@calls.read("GET", "registered-models/permissions/get")
def get_registered_model_permission(context: Context, request: OnModel) -> ModelPermissionResponse:
    """The permission that a user was given on a registered model."""
    return _on_model(_access(context).get_permission(request.username, request.resource))


@calls.write("PATCH", "registered-models/permissions/update")
def update_registered_model_permission(context: Context, request: GiveOnModel) -> Empty:
    """Change the permission that a user was given on a registered model."""
    _update(context, request)
    return Empty()


@calls.write("DELETE", "registered-models/permissions/delete")
def delete_registered_model_permission(context: Context, request: OnModel) -> Empty:
    """Take a user's permission on a registered model away."""
    _access(context).delete_permission(request.username, request.resource)
    return Empty()


def _on_experiment(given: Permission) -> ExperimentPermissionResponse:
    return ExperimentPermissionResponse(experiment_permission=on_experiment(given))


def _on_model(given: Permission) -> ModelPermissionResponse:
    return ModelPermissionResponse(registered_model_permission=on_model(given))


_Give = GiveOnExperiment | GiveOnModel | GiveOnResource


def _create(context: Context, request: _Give) -> Permission:
    role, resource = role_of(request.permission), _existing(context, request.resource)
    return _access(context).create_permission(request.username, resource, role)


def _update(context: Context, request: _Give) -> Permission:
    access, role = _access(context), role_of(request.permission)
    access.get_permission(request.username, request.resource)
    return access.set_permission(request.username, request.resource, role)


def _existing(context: Context, resource: Resource) -> Resource:
    """What permissions are given on. Raises NotFound if it does not exist; any endpoint may come to be served."""
    if resource.kind == "experiment":
        context.store.get_experiment(resource.key)
    elif resource.kind == "registered_model":
        context.registry.get_registered_model(resource.key)
    return resource


@calls_of_3.write("POST", "users/permissions/grant")
def grant_user_permission(context: Context, request: GiveOnResource) -> Empty:
    """Give a user a permission on something, in place of the one there."""
    role, resource = role_of(request.permission), _existing(context, request.resource)
    _access(context).set_permission(request.username, resource, role)
    return Empty()


@calls_of_3.write("POST", "users/permissions/revoke")
def revoke_user_permission(context: Context, request: TakeOnResource) -> Empty:
    """Take a user's permission on something away."""
    _access(context).delete_permission(request.username, request.resource)
    return Empty()


@calls_of_3.read("GET", "users/permissions/get")
def get_user_permission(context: Context, request: OnResource) -> EffectiveResponse:
    """What a user may do to something, however they come to it."""
    access = _access(context)
    user = access.get_user(request.username)
    given = {item.resource: item.role for item in access.list_permissions(username=request.username)}
    settings = context.settings.auth or AuthSettings()
    role = Identity(user=user, permissions=given, default=settings.default_permission).role_on(request.resource)
    return EffectiveResponse(allowed=role in ("editor", "admin"), permission=PERMISSIONS[role])


@calls_of_3.read("GET", "users/permissions/list")
def list_user_permissions(context: Context, request: OfUser) -> PermissionsResponse:
    """The permissions that a user was given."""
    found = _access(context).list_permissions(username=request.username)
    return PermissionsResponse(
        permissions=[
            PermissionMessage(
                resource_type=item.resource.kind, resource_id=item.resource.key, permission=PERMISSIONS[item.role]
            )
            for item in found
        ]
    )
