"""A user as SCIM shows it, and the profile that a resource stands for (docs/protocol.md §41.3)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...clock import timestamp
from ...storage.schemas import ProfileSchema
from ...storage.users import User
from .messages import ScimError
from .vocabulary import ADDRESS, CUSTOM, ENTERPRISE, MANAGER, NAME, OF_ENTERPRISE, SIMPLE, USER

#: Of these a directory knows nothing: a user that somebody suspended here is suspended, whatever it says.
_INACTIVE: Final = frozenset({"STAGED", "DEPROVISIONED"})


def is_active(user: User) -> bool:
    """``active``."""
    return user.status not in _INACTIVE


def user_json(user: User, schema: ProfileSchema, base_url: str) -> dict[str, Any]:
    """The whole resource."""
    profile = user.profile
    enterprise = _part(profile, OF_ENTERPRISE)
    if manager := _part(profile, MANAGER):
        enterprise["manager"] = manager
    custom = {name: profile[name] for name in schema.custom if profile.get(name) is not None}
    extensions = {urn: part for urn, part in ((ENTERPRISE, enterprise), (CUSTOM, custom)) if part}
    several = {
        "emails": _several((profile.get("email"), "work"), (profile.get("secondEmail"), "other"), primary=True),
        "phoneNumbers": _several((profile.get("primaryPhone"), "work"), (profile.get("mobilePhone"), "mobile")),
    }
    address = _part(profile, ADDRESS)
    shown = {
        "schemas": [USER, *extensions],
        "id": user.id,
        "externalId": user.external_id,
        **_part(profile, SIMPLE),
        "name": _part(profile, NAME) or None,
        "active": is_active(user),
        **several,
        "addresses": [{**address, "type": "work"}] if address else None,
        **extensions,
        "meta": {
            "resourceType": "User",
            "created": timestamp(user.created_at),
            "lastModified": timestamp(user.updated_at),
            "location": f"{base_url}/scim/v2/Users/{user.id}",
        },
    }
    return {name: value for name, value in shown.items() if value not in (None, [])}


def profile_of(resource: Mapping[str, Any], schema: ProfileSchema) -> dict[str, Any]:
    """What a resource says of every attribute that SCIM has a name for; ``None``: it has no value.

    Raises:
        ScimError: A part of it has another type than it must.
    """
    enterprise, name = _object(resource, ENTERPRISE), _object(resource, "name")
    emails, phones = _list(resource, "emails"), _list(resource, "phoneNumbers")
    email = _first(emails, "work")
    second = next((one for one in emails if one is not email), None)
    mobile = next((one for one in phones if one.get("type") == "mobile"), None)
    others = [one for one in phones if one.get("type") not in {"mobile", "fax", "pager"}]
    profile = {
        **_read(resource, SIMPLE),
        **_read(name, NAME),
        "email": None if email is None else email.get("value"),
        "secondEmail": None if second is None else second.get("value"),
        "primaryPhone": (_first(others, "work") or {}).get("value"),
        "mobilePhone": None if mobile is None else mobile.get("value"),
        **_read(_first(_list(resource, "addresses"), "work") or {}, ADDRESS),
        **_read(enterprise, OF_ENTERPRISE),
        **_read(_manager(enterprise), MANAGER),
    }
    custom = {name: value for name, value in _object(resource, CUSTOM).items() if name != "schemas"}
    if unknown := [one for one in custom if one not in schema.custom]:
        raise ScimError(400, f"Users have no attribute {unknown[0][:100]}.", "invalidValue")
    profile |= {one: custom.get(one) for one in schema.custom}
    # Directories send the address as the name, and no address, where both are one.
    if not profile["email"] and isinstance(profile["login"], str) and "@" in profile["login"]:
        profile["email"] = profile["login"]
    return {one: None if value == "" else value for one, value in profile.items()}


def _part(profile: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: profile[own] for name, own in names.items() if profile.get(own) not in (None, "")}


def _read(part: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {own: part.get(name) for name, own in names.items()}


def _several(*values: tuple[Any, str], primary: bool = False) -> list[dict[str, Any]]:
    found = [{"value": value, "type": kind} for value, kind in values if value]
    if len(found) > 1 and primary:
        found[0]["primary"] = True
    return found


def _first(values: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    """The primary one, else the one of a type, else the first."""
    for wanted in (lambda one: one.get("primary") is True, lambda one: one.get("type") == kind, lambda _: True):
        found = next((one for one in values if wanted(one)), None)
        if found is not None:
            return found
    return None


def _object(resource: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = resource.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise ScimError(400, f"{name} is an object.", "invalidValue")
    return value or {}


def _list(resource: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = resource.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise ScimError(400, f"{name} is a list of objects.", "invalidValue")
    return [one for one in value if one.get("value", True)]


def _manager(enterprise: Mapping[str, Any]) -> Mapping[str, Any]:
    """Some products send the id alone."""
    value = enterprise.get("manager")
    return {"value": value} if isinstance(value, str) else _object(enterprise, "manager")
