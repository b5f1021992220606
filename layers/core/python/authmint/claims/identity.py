"""System claims of ID tokens and userinfo, from the user's profile (docs/protocol.md §10.5)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ..expressions.facts import UserFacts
from ..expressions.values import Json, Value, claim_of, value_of

_ADDRESS: Final = {
    "street_address": "streetAddress",
    "locality": "city",
    "region": "state",
    "postal_code": "zipCode",
    "country": "countryCode",
}


def _attribute(name: str) -> Callable[[UserFacts], Json]:
    def read(user: UserFacts) -> Json:
        value = user.profile.get(name)
        return None if value in (None, "") else claim_of(value_of(value))

    return read


def _name(user: UserFacts) -> Json:
    """The display name, or first and last name."""
    shown = user.profile.get("displayName")
    parts = (user.profile.get("firstName"), user.profile.get("lastName"))
    return shown or " ".join(str(part) for part in parts if part) or None


def _locale(user: UserFacts) -> Json:
    """The form ``en-US`` (BCP 47)."""
    locale = user.profile.get("locale")
    return str(locale).replace("_", "-") if locale else None


def _address(user: UserFacts) -> Json:
    address = {member: user.profile.get(attribute) for member, attribute in _ADDRESS.items()}
    found: Mapping[str, Json] = {member: value for member, value in address.items() if value}
    return found or None


@dataclass(frozen=True)
class SystemClaim:
    """What a system claim reads (names below ``user``) and what it makes of it."""

    attributes: tuple[str, ...]
    read: Callable[[UserFacts], Json]

    def inputs(self, user: UserFacts) -> Iterator[tuple[str, Value]]:
        """What was read, for the preview."""
        for name in self.attributes:
            yield f"user.{name}", value_of(user.profile.get(name))


def _one(attribute: str) -> SystemClaim:
    return SystemClaim((attribute,), _attribute(attribute))


#: By claim name; null means that the claim is left out. Some have no standard attribute: a custom one may give them.
SYSTEM_CLAIMS: Final[dict[str, SystemClaim]] = {
    "address": SystemClaim(tuple(_ADDRESS.values()), _address),
    "birthdate": _one("birthdate"),
    "email": _one("email"),
    "email_verified": SystemClaim(("email",), lambda user: user.email_verified if user.profile.get("email") else None),
    "family_name": _one("lastName"),
    "gender": _one("gender"),
    "given_name": _one("firstName"),
    "locale": SystemClaim(("locale",), _locale),
    "middle_name": _one("middleName"),
    "name": SystemClaim(("displayName", "firstName", "lastName"), _name),
    "nickname": _one("nickName"),
    "phone_number": _one("primaryPhone"),
    "picture": _one("picture"),
    "preferred_username": SystemClaim(("login",), lambda user: user.login),
    "profile": _one("profileUrl"),
    "updated_at": SystemClaim((), lambda user: user.updated_at),
    "website": _one("website"),
    "zoneinfo": _one("timezone"),
}
