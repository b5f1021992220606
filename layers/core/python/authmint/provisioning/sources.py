"""Where profiles come from: what each kind of source knows, and what is made of it from the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..storage.clients import MappedAttribute
from .mapping import Properties

#: Names of what providers know, with the claim that says it (OpenID Connect Core §5.1); a dot leads into an object.
_OIDC: Final[Mapping[str, tuple[str, str]]] = {
    "email": ("Email", "email"),
    "displayName": ("Display name", "name"),
    "nickname": ("Nickname", "nickname"),
    "firstName": ("First name", "given_name"),
    "middleName": ("Middle name", "middle_name"),
    "lastName": ("Last name", "family_name"),
    "profile": ("Profile", "profile"),
    "zoneinfo": ("Zone info", "zoneinfo"),
    "phoneNumber": ("Phone number", "phone_number"),
    "street_address": ("Street address", "address.street_address"),
    "locality": ("Locality", "address.locality"),
    "region": ("Region", "address.region"),
    "postalCode": ("Postal code", "address.postal_code"),
    "country": ("Country", "address.country"),
    "userName": ("Username", "preferred_username"),
}
_SOCIAL: Final[Mapping[str, tuple[str, str]]] = {
    "email": ("Email", "email"),
    "firstName": ("First name", "given_name"),
    "middleName": ("Middle name", "middle_name"),
    "lastName": ("Last name", "family_name"),
    "honorificPrefix": ("Honorific prefix", "honorific_prefix"),
    "honorificSuffix": ("Honorific suffix", "honorific_suffix"),
    "displayName": ("Display name", "name"),
    "profileUrl": ("Profile Url", "profile"),
    "userName": ("Username", "preferred_username"),
}
_TIMEZONE: Final = 'appuser.zoneinfo == null ? "America/Los_Angeles" : appuser.zoneinfo'
_FROM_OIDC: Final = {
    "login": "appuser.email",
    "displayName": "appuser.displayName",
    "nickName": "appuser.nickname",
    "firstName": "appuser.firstName",
    "middleName": "appuser.middleName",
    "lastName": "appuser.lastName",
    "email": "appuser.email",
    "profileUrl": "appuser.profile",
    "timezone": _TIMEZONE,
    "primaryPhone": "appuser.phoneNumber",
    "streetAddress": "appuser.street_address",
    "city": "appuser.locality",
    "state": "appuser.region",
    "zipCode": "appuser.postalCode",
    "countryCode": "appuser.country",
}
_FROM_SOCIAL: Final = {
    "login": "appuser.email",
    "email": "appuser.email",
    "firstName": "appuser.firstName",
    "middleName": "appuser.middleName",
    "lastName": "appuser.lastName",
    "honorificPrefix": "appuser.honorificPrefix",
    "honorificSuffix": "appuser.honorificSuffix",
    "displayName": "appuser.displayName",
    "profileUrl": "appuser.profileUrl",
}


@dataclass(frozen=True)
class SourceKind:
    """A kind of source of profiles.

    Attributes:
        name: Of its profiles, in mappings and schemas.
        attributes: What it knows: title and claim by name.
        properties: What users' profiles are made of from the start.
    """

    name: str
    attributes: Mapping[str, tuple[str, str]]
    properties: Properties


def _made(expressions: Mapping[str, str]) -> Properties:
    return {name: MappedAttribute(expression) for name, expression in expressions.items()}


#: By the type of the identity provider. Every other provider speaks OpenID Connect, and is like ``OIDC``.
KINDS: Final[Mapping[str, SourceKind]] = {
    "OIDC": SourceKind("oidc_idp", _OIDC, _made(_FROM_OIDC)),
    "GOOGLE": SourceKind("google_idp", _SOCIAL, _made(_FROM_SOCIAL)),
    "MICROSOFT": SourceKind("microsoft_idp", _OIDC, _made(_FROM_OIDC)),
}


def kind_of(provider_type: str) -> SourceKind:
    """The kind of a provider by its type."""
    return KINDS.get(provider_type) or KINDS["OIDC"]


def profile_of(claims: Mapping[str, Any], kind: SourceKind, custom: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What expressions read as ``idpuser``: the claims of a provider by the names of its profile.

    Args:
        claims: Of the ID token and of userinfo.
        kind: Of the provider.
        custom: JSON schemas of the attributes that administrators defined, by name; ``externalName`` is the claim.
    """
    places = {name: place for name, (_, place) in kind.attributes.items()}
    places |= {name: str(definition.get("externalName") or name) for name, definition in custom.items()}
    found = {name: _claim(claims, place) for name, place in places.items()}
    return {name: value for name, value in found.items() if value is not None}


def _claim(claims: Mapping[str, Any], place: str) -> Any:
    """A claim by its whole name, which may be a URL with dots, else by the way into objects."""
    if place in claims:
        return claims[place]
    value: Any = claims
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
