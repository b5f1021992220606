"""What an app knows of its users where nobody says otherwise: the standard claims (OpenID Connect Core §5.1)."""

from collections.abc import Mapping
from typing import Any, Final

#: Attribute of a user's profile by the app's name for it.
FROM_USER: Final = {
    "street_address": "streetAddress",
    "country": "countryCode",
    "website": "website",
    "zoneinfo": "timezone",
    "birthdate": "birthdate",
    "gender": "gender",
    "formatted": "postalAddress",
    "profile": "profileUrl",
    "locality": "city",
    "given_name": "firstName",
    "middle_name": "middleName",
    "locale": "locale",
    "picture": "picture",
    "name": "displayName",
    "nickname": "nickName",
    "phone_number": "primaryPhone",
    "region": "state",
    "postal_code": "zipCode",
    "family_name": "lastName",
    "email": "email",
}


def app_profile(user: Mapping[str, Any], assigned: Mapping[str, Any]) -> dict[str, Any]:
    """The profile of a user for an app.

    Args:
        user: The user's own profile.
        assigned: What the assignment to the app says; it wins.
    """
    mapped = {name: user.get(attribute) or None for name, attribute in FROM_USER.items()}
    if mapped["name"] is None:
        mapped["name"] = " ".join(str(user[part]) for part in ("firstName", "lastName") if user.get(part)) or None
    return {**mapped, **assigned}
