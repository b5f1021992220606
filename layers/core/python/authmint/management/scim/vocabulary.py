"""What users and groups are called in SCIM (RFC 7643 §4), and the attributes of profiles that they stand for."""

from collections.abc import Mapping
from typing import Any, Final

from ..http.errors import ApiError

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#: Attributes that administrators defined, by their own names.
CUSTOM: Final = "urn:authmint:params:scim:schemas:extension:custom:2.0:User"
#: Attribute of a profile by the name that SCIM has for it.
SIMPLE: Final[Mapping[str, str]] = {
    "userName": "login",
    "displayName": "displayName",
    "nickName": "nickName",
    "profileUrl": "profileUrl",
    "title": "title",
    "userType": "userType",
    "preferredLanguage": "preferredLanguage",
    "locale": "locale",
    "timezone": "timezone",
}
NAME: Final[Mapping[str, str]] = {
    "givenName": "firstName",
    "familyName": "lastName",
    "middleName": "middleName",
    "honorificPrefix": "honorificPrefix",
    "honorificSuffix": "honorificSuffix",
}
ADDRESS: Final[Mapping[str, str]] = {
    "streetAddress": "streetAddress",
    "locality": "city",
    "region": "state",
    "postalCode": "zipCode",
    "country": "countryCode",
    "formatted": "postalAddress",
}
OF_ENTERPRISE: Final[Mapping[str, str]] = {
    "employeeNumber": "employeeNumber",
    "costCenter": "costCenter",
    "organization": "organization",
    "division": "division",
    "department": "department",
}
MANAGER: Final[Mapping[str, str]] = {"value": "managerId", "displayName": "manager"}
#: Every name of an attribute and of a part of one, in the one spelling that code uses: SCIM's have no case.
_NAMES: Final = (
    *SIMPLE, *NAME, *ADDRESS, *OF_ENTERPRISE, *MANAGER, "schemas", "id", "externalId", "meta", "name", "active",
    "emails", "phoneNumbers", "addresses", "password", "manager", "members", "type", "primary", "display", "$ref",
    "Operations", "op", "path",
)  # fmt: skip
_DEEPEST: Final = 20
_SPELLINGS: Final = {name.lower(): name for name in (*_NAMES, USER, GROUP, ENTERPRISE, CUSTOM)}


def spelled(name: str) -> str:
    """The name of an attribute as code knows it; names that nobody knows stay."""
    return _SPELLINGS.get(name.lower(), name)


def canonical(value: Any, *, inside: str = "", depth: int = 0) -> Any:
    """The same JSON with names as code knows them. What is custom has its own names, with their case.

    Raises:
        ApiError: E0000003: it is deeper than anything that has a meaning.
    """
    if depth > _DEEPEST:
        raise ApiError("E0000003")
    if isinstance(value, Mapping):
        named = {key if inside == CUSTOM else spelled(key): one for key, one in value.items()}
        return {key: canonical(one, inside=key, depth=depth + 1) for key, one in named.items()}
    return [canonical(one, depth=depth + 1) for one in value] if isinstance(value, list) else value


def truth(value: Any) -> Any:
    """Booleans, also those that products send as texts."""
    words = {"true": True, "false": False}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value
