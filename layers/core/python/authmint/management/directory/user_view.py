"""A user as it is shown (docs/protocol.md §27.1). Never a password, a hash or an answer."""

from collections.abc import Mapping
from typing import Any, Final

from ...clock import timestamp
from ...storage.user_types import DEFAULT_TYPE_ID
from ...storage.users import User
from ..http.call import Call

USER_TYPE: Final = DEFAULT_TYPE_ID
#: What the default type is called in requests; ``None`` where it is left out.
DEFAULT_TYPE: Final = frozenset({None, "default", USER_TYPE})
USER_SCHEMA: Final = "oscAuthmintSchema000"
#: All users are in the one realm that an org without others has.
REALM: Final = "guoAuthmintRealm0000"
_ALWAYS: Final = ("firstName", "lastName", "mobilePhone", "secondEmail", "login", "email")
_CHANGES: Final = {
    "suspend": "lifecycle/suspend",
    "unsuspend": "lifecycle/unsuspend",
    "unlock": "lifecycle/unlock",
    "activate": "lifecycle/activate",
    "reactivate": "lifecycle/reactivate",
    "resetPassword": "lifecycle/reset_password",
    "forgotPassword": "credentials/forgot_password",
    "expirePassword": "lifecycle/expire_password",
    "changeRecoveryQuestion": "credentials/change_recovery_question",
    "resetFactors": "lifecycle/reset_factors",
    "changePassword": "credentials/change_password",
    "deactivate": "lifecycle/deactivate",
}
_WITH_PASSWORD: Final = (
    "resetPassword", "forgotPassword", "expirePassword", "changeRecoveryQuestion", "resetFactors", "changePassword",
    "deactivate",
)  # fmt: skip
_BY_STATUS: Final[Mapping[str, tuple[str, ...]]] = {
    "STAGED": ("activate", "resetFactors"),
    "PROVISIONED": ("suspend", "reactivate", "resetPassword", "resetFactors", "deactivate"),
    "ACTIVE": ("suspend", *_WITH_PASSWORD),
    "RECOVERY": ("resetPassword", "resetFactors", "deactivate"),
    "PASSWORD_EXPIRED": ("suspend", *_WITH_PASSWORD),
    "LOCKED_OUT": ("unlock", "resetPassword", "deactivate"),
    "SUSPENDED": ("unsuspend", "resetFactors", "deactivate"),
    "DEPROVISIONED": ("activate",),
}


def schema_id(type_id: str | None) -> str:
    """Id of the schema of users of a type; ``None`` is the default type."""
    return USER_SCHEMA if type_id is None else f"osc{type_id.removeprefix('oty')}"


def user_json(user: User, call: Call, *, listed: bool = False) -> dict[str, Any]:
    """The object; in lists with the link to itself only."""
    href = call.url(f"/api/v1/users/{user.id}")
    links = {"self": {"href": href}} if listed else _links(user, href, call)
    return user_members(user) | {"_links": links}


def user_members(user: User) -> dict[str, Any]:
    """Everything but the links: what filters look at, too."""
    profile = {name: user.profile.get(name) for name in _ALWAYS}
    return {
        "id": user.id,
        "status": user.status,
        "created": timestamp(user.created_at),
        "activated": _moment(user.activated_at),
        "statusChanged": _moment(user.status_changed_at),
        "lastLogin": _moment(user.last_login_at),
        "lastUpdated": timestamp(user.updated_at),
        "passwordChanged": None if user.password is None else timestamp(user.password.changed_at),
        "realmId": REALM,
        "type": {"id": user.type_id or USER_TYPE},
        "profile": profile | {name: value for name, value in user.profile.items() if name not in profile},
        "credentials": credentials_json(user),
    }


def credentials_json(user: User) -> dict[str, Any]:
    """That there is a password, and the question for recovery; neither itself."""
    shown: dict[str, Any] = {} if user.password is None else {"password": {}}
    if user.recovery is not None:
        shown["recovery_question"] = {"question": user.recovery.question}
    if user.provider is not None:
        return shown | {"provider": {"type": user.provider.kind, "name": user.provider.name}}
    provider = "IMPORT" if user.password is not None and user.password.imported else "OKTA"
    return shown | {"provider": {"type": provider, "name": provider}}


def _links(user: User, href: str, call: Call) -> dict[str, Any]:
    links: dict[str, Any] = {
        name: {"href": f"{href}/{_CHANGES[name]}", "method": "POST"} for name in _BY_STATUS[user.status]
    }
    links["schema"] = {"href": call.url(f"/api/v1/meta/schemas/user/{schema_id(user.type_id)}")}
    links["self"] = {"href": href}
    links["type"] = {"href": call.url(f"/api/v1/meta/types/user/{user.type_id or USER_TYPE}")}
    return links


def _moment(at: int | None) -> str | None:
    return None if at is None else timestamp(at)
