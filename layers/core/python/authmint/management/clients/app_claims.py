"""The standard attributes of an app's users: the claims of OpenID Connect Core §5.1."""

from collections.abc import Mapping
from typing import Final


def _attribute(title: str, description: str = "", external: str = "") -> dict[str, str]:
    shown = {"title": title, "description": description, "type": "string", "externalName": external, "scope": "SELF"}
    return {member: value for member, value in shown.items() if value}


#: By name, in the order of answers.
BASE: Final[Mapping[str, Mapping[str, str]]] = {
    "userName": _attribute("Username", external="preferred_username"),
    "name": _attribute("Name", "End-User's full name in displayable form."),
    "nickname": _attribute("Nickname", "Casual name of the End-User (may or may not be the same as the given_name)"),
    "given_name": _attribute("Given Name", "Given name or first name of the End-User."),
    "middle_name": _attribute("Middle Name", "Middle name of the End-User."),
    "family_name": _attribute("Family Name", "Surname or last name of the End-User."),
    "email": _attribute("Email", "End-User's preferred e-mail address."),
    "profile": _attribute("Profile URL", "URL of the End-User's profile page."),
    "picture": _attribute("Picture URL", "URL of the End-User's profile picture."),
    "website": _attribute("Website", "URL of the End-User's Web page or blog."),
    "gender": _attribute("Gender", "End-User's gender."),
    "birthdate": _attribute("Birthdate", "End-User's birthday, in the form YYYY-MM-DD (ISO 8601)."),
    "zoneinfo": _attribute("Time Zone", "String representing the End-User's time zone."),
    "locale": _attribute("Locale Name", "Language and country, separated by a dash (e.g. 'en-US')"),
    "phone_number": _attribute("Phone Number", "End-User's preferred telephone number in E.164 format."),
    "street_address": _attribute("Street Address", "Full street address component.", "address.street_address"),
    "locality": _attribute("Locality", "City or locality component.", "address.locality"),
    "region": _attribute("Region", "State, province, prefecture, or region component.", "address.region"),
    "postal_code": _attribute("Postal Code", "Zip code or postal code component.", "address.postal_code"),
    "country": _attribute("Country", "Country name component.", "address.country"),
    "formatted": _attribute("Formatted", "Full mailing address, formatted for display.", "address.formatted"),
}
