"""MLflow's words for permissions, and the messages of its calls about users (its ``AuthServiceClient`` sends them)."""

from __future__ import annotations

import msgspec

from quire.domain.access import Kind, Permission, Resource, Role, User
from quire.domain.errors import InvalidInput
from quire.domain.names import check_experiment_id
from quire.domain.protojson import Message, Required

PERMISSIONS: dict[Role, str] = {"none": "NO_PERMISSIONS", "reader": "READ", "editor": "EDIT", "admin": "MANAGE"}
_ROLES: dict[str, Role] = {**{word: role for role, word in PERMISSIONS.items()}, "USE": "reader", "DENY": "none"}
_KINDS: dict[str, Kind] = {
    "experiment": "experiment",
    "registered_model": "registered_model",
    "prompt": "registered_model",
    "endpoint": "endpoint",
}


def role_of(permission: str) -> Role:
    """The role that MLflow's word stands for. USE, which is about what Quire does not have, is to read."""
    role = _ROLES.get(permission)
    if role is None:
        raise InvalidInput(f"Invalid permission {permission[:40]!r}; expected one of {', '.join(_ROLES)}.")
    return role


def kind_of(resource_type: str) -> Kind:
    """What MLflow's type of resource is here."""
    kind = _KINDS.get(resource_type)
    if kind is None:
        raise InvalidInput(
            f"Invalid resource_type {resource_type[:40]!r}; roles are given on {', '.join(_KINDS)} here."
        )
    return kind


class CreateUser(Message, frozen=True, kw_only=True):
    """``POST users/create``."""

    username: Required
    password: Required


class OfUser(Message, frozen=True, kw_only=True):
    """``GET users/get``."""

    username: Required


class UpdatePassword(OfUser, frozen=True, kw_only=True):
    """``PATCH users/update-password``. ``current_password`` is needed after a sign-in by a browser."""

    password: Required
    current_password: str | None = None
    reason: str = ""


class DeleteUser(OfUser, frozen=True, kw_only=True):
    """``DELETE users/delete``. ``reason`` is for the audit log, here and below; MLflow's clients give none."""

    reason: str = ""


class UpdateAdmin(OfUser, frozen=True, kw_only=True):
    """``PATCH users/update-admin``."""

    is_admin: bool


class OnExperiment(Message, frozen=True, kw_only=True):
    """Whose permission on which experiment."""

    experiment_id: Required
    username: Required

    @property
    def resource(self) -> Resource:
        """The experiment."""
        return Resource("experiment", str(check_experiment_id(self.experiment_id)))


class GiveOnExperiment(OnExperiment, frozen=True, kw_only=True):
    """A permission on an experiment."""

    permission: Required


class OnModel(Message, frozen=True, kw_only=True):
    """Whose permission on which registered model."""

    name: Required
    username: Required

    @property
    def resource(self) -> Resource:
        """The registered model."""
        return Resource("registered_model", self.name)


class GiveOnModel(OnModel, frozen=True, kw_only=True):
    """A permission on a registered model."""

    permission: Required


class OnResource(Message, frozen=True, kw_only=True):
    """Whose permission on what."""

    username: Required
    resource_type: Required
    resource_id: Required

    @property
    def resource(self) -> Resource:
        """The experiment, registered model or endpoint. Raises InvalidInput for anything else."""
        kind = kind_of(self.resource_type)
        return Resource(kind, str(check_experiment_id(self.resource_id)) if kind == "experiment" else self.resource_id)


class TakeOnResource(OnResource, frozen=True, kw_only=True):
    """A permission on something that is taken away."""

    reason: str = ""


class GiveOnResource(OnResource, frozen=True, kw_only=True):
    """A permission on something."""

    permission: Required
    reason: str = ""


class ExperimentPermission(Message, frozen=True, kw_only=True):
    """A permission on an experiment."""

    experiment_id: str
    user_id: int
    permission: str


class ExperimentPermissionResponse(Message, frozen=True, kw_only=True):
    """A permission on an experiment."""

    experiment_permission: ExperimentPermission


class ModelPermission(Message, frozen=True, kw_only=True):
    """A permission on a registered model."""

    name: str
    user_id: int
    permission: str
    workspace: str = msgspec.field(default_factory=lambda: "default")


class ModelPermissionResponse(Message, frozen=True, kw_only=True):
    """A permission on a registered model."""

    registered_model_permission: ModelPermission


class UserMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A user, as MLflow's clients know one; ``role`` is the one in the workspace."""

    id: int
    username: str
    is_admin: bool
    role: str | None
    has_password: bool
    experiment_permissions: list[ExperimentPermission] = []
    registered_model_permissions: list[ModelPermission] = []


class UserResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A user."""

    user: UserMessage


class UsersResponse(msgspec.Struct, frozen=True, kw_only=True):
    """All users."""

    users: list[UserMessage]


class PermissionMessage(Message, frozen=True, kw_only=True):
    """A permission on something, as MLflow 3 says it."""

    resource_type: Kind
    resource_id: str
    permission: str


class PermissionsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The permissions of a user."""

    permissions: list[PermissionMessage]


class EffectiveResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may do to something, however they come to it."""

    allowed: bool
    permission: str


def user_message(user: User, permissions: list[Permission]) -> UserMessage:
    """A user with permissions."""
    return UserMessage(
        id=int(user.user_id),
        username=user.username,
        is_admin=user.is_admin,
        role=user.role,
        has_password=user.has_password,
        experiment_permissions=[on_experiment(item) for item in permissions if item.resource.kind == "experiment"],
        registered_model_permissions=[
            on_model(item) for item in permissions if item.resource.kind == "registered_model"
        ],
    )


def on_experiment(given: Permission) -> ExperimentPermission:
    """A permission on an experiment."""
    return ExperimentPermission(
        experiment_id=given.resource.key, user_id=int(given.user_id), permission=PERMISSIONS[given.role]
    )


def on_model(given: Permission) -> ModelPermission:
    """A permission on a registered model."""
    return ModelPermission(name=given.resource.key, user_id=int(given.user_id), permission=PERMISSIONS[given.role])
