"""Profiles of users: the standard attributes, and the check of a profile against them and an org's own."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from ..storage.schemas import ProfileSchema
from ..storage.users import login_key

MISSING: Final = "The field cannot be left blank"
TOO_LONG: Final = "The field is too long"
#: Bytes of JSON. Lists carry profiles, and one page has to fit into one answer.
LARGEST: Final = 32_768
#: Standard attributes that every profile has, whatever the schema says: people sign in and are found by them.
ALWAYS_REQUIRED: Final = frozenset({"login", "email"})
_LONGEST_KEY: Final = 1_000
_EMAIL: Final = re.compile(r"[^\s@\"<>(),;:\\\[\]]+@[^\s@\"<>(),;:\\\[\]]+\.[^\s@\"<>(),;:\\\[\].]+")
_LONGEST_EMAIL: Final = 100
_NUMBERS: Final = (int, float)

Problem = tuple[str, str]


def _text(title: str, longest: int | None = None, shortest: int | None = None, **more: Any) -> dict[str, Any]:
    bounds = {"minLength": shortest, "maxLength": longest}
    return {"title": title, "type": "string"} | {k: v for k, v in bounds.items() if v is not None} | more


#: The standard attributes (RFC 7643 §4.1 under Okta's names), in the order in which they are shown.
BASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "login": _text("Username", 100, 5, required=True),
    "firstName": _text("First name", 50, 1, required=True),
    "lastName": _text("Last name", 50, 1, required=True),
    "middleName": _text("Middle name"),
    "honorificPrefix": _text("Honorific prefix"),
    "honorificSuffix": _text("Honorific suffix"),
    "email": _text("Primary email", 100, 5, format="email", required=True),
    "title": _text("Title"),
    "displayName": _text("Display name"),
    "nickName": _text("Nickname"),
    "profileUrl": _text("Profile Url", format="uri"),
    "secondEmail": _text("Secondary email", 100, 5, format="email"),
    "mobilePhone": _text("Mobile phone", 100),
    "primaryPhone": _text("Primary phone", 100),
    "streetAddress": _text("Street address"),
    "city": _text("City"),
    "state": _text("State"),
    "zipCode": _text("Zip code"),
    "countryCode": _text("Country code", format="country-code"),
    "postalAddress": _text("Postal Address"),
    "preferredLanguage": _text("Preferred language", format="language-code"),
    "locale": _text("Locale", format="locale"),
    "timezone": _text("Time zone", format="timezone"),
    "userType": _text("User type"),
    "employeeNumber": _text("Employee number"),
    "costCenter": _text("Cost center"),
    "organization": _text("Organization"),
    "division": _text("Division"),
    "department": _text("Department"),
    "managerId": _text("ManagerId"),
    "manager": _text("Manager"),
}


#: What users may change of themselves where the org has not said otherwise, and what they do not even see.
_OWN: Final = frozenset({"firstName", "lastName", "email", "secondEmail", "mobilePhone"})
_UNSEEN: Final = frozenset(
    {"primaryPhone", "streetAddress", "city", "state", "zipCode", "countryCode", "postalAddress"}
)


def first_permission(name: str) -> str:
    """What a user may do with a standard attribute of theirs until the org says otherwise.

    What others decide by (a department, a kind of user) is not for its user to write: groups and claims hang on it.
    """
    return "READ_WRITE" if name in _OWN else "HIDE" if name in _UNSEEN else "READ_ONLY"


def is_address(text: str) -> bool:
    """Whether a text can be the primary address of a user."""
    return len(text) <= _LONGEST_EMAIL and text.isprintable() and _EMAIL.fullmatch(text) is not None


def standard_attributes(schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    """The standard attributes of users, as the org has changed them."""
    attributes = {name: {**definition, **schema.base.get(name, {})} for name, definition in BASE.items()}
    if "pattern" in attributes["login"]:
        # Who says what a login looks like says how short it may be.
        del attributes["login"]["minLength"]
    return attributes


def permission_of(definition: Mapping[str, Any], first: str) -> str:
    """What the user whose attribute it is may do with it. ``first``: where nobody said."""
    said = definition.get("permissions") or [{"principal": "SELF", "action": first}]
    return str(said[0]["action"])


def required_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of those that must be there, in their order."""
    return [name for name, definition in attributes.items() if definition.get("required")]


def unknown_attributes(profile: Mapping[str, Any], schema: ProfileSchema) -> list[str]:
    """Names in a profile that nobody defined, in the order of the profile."""
    return [name for name in profile if name not in BASE and name not in schema.custom]


def profile_problems(
    profile: Mapping[str, Any], schema: ProfileSchema, fits: Callable[[str, str], bool]
) -> list[Problem]:
    """What is wrong with a profile, attribute by attribute: name and text. Unknown names are not looked at.

    Args:
        profile: As it shall be.
        schema: Of the user's type.
        fits: Whether a pattern, the first, matches all of a text.
    """
    standard = standard_attributes(schema)
    pattern = standard["login"].get("pattern")
    problems = [(name, MISSING) for name in required_attributes(standard) if profile.get(name) in (None, "")]
    for name, value in profile.items():
        definition = schema.custom.get(name) or standard.get(name)
        if definition is not None and value is not None and (name, MISSING) not in problems:
            problems += [(name, text) for text in value_problems(value, definition)]
    problems += _custom_missing(profile, schema)
    for name in ("login", "email"):
        value = profile.get(name)
        if isinstance(value, str) and value and not any(problem[0] == name for problem in problems):
            fitting = fits(pattern, value) if name == "login" and pattern is not None else None
            problems += [(name, text) for text in _name_problems(value, fitting=fitting)]
    if len(msgspec.json.encode(profile)) > LARGEST:
        problems.append(("profile", TOO_LONG))
    return problems


def custom_problems(profile: Mapping[str, Any], schema: ProfileSchema) -> list[Problem]:
    """What is wrong with the attributes that an org defined, name and text. Others are not looked at."""
    problems = [
        (name, text)
        for name, value in profile.items()
        if value is not None and (definition := schema.custom.get(name)) is not None
        for text in value_problems(value, definition)
    ]
    problems += _custom_missing(profile, schema)
    if len(msgspec.json.encode(profile)) > LARGEST:
        problems.append(("profile", TOO_LONG))
    return problems


def _custom_missing(profile: Mapping[str, Any], schema: ProfileSchema) -> list[Problem]:
    return [(name, MISSING) for name in required_attributes(schema.custom) if profile.get(name) is None]


def _name_problems(value: str, *, fitting: bool | None) -> Iterator[str]:
    """What is wrong with a login or an address. ``fitting``: it need be no address, but has a pattern to match."""
    if fitting is None and not _EMAIL.fullmatch(value):
        yield "Username must be in the form of an email address"
    elif fitting is False or not value.isprintable() or value != value.strip():
        yield "The field does not match the pattern that the schema requires."
    # Folding can make a text many times as long as it is.
    elif len(login_key(value).encode()) > _LONGEST_KEY:
        yield TOO_LONG


def value_problems(value: Any, definition: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a value that is not null, by the JSON schema of its attribute."""
    kind = definition.get("type", "string")
    if not _is(value, kind):
        yield f"The value must be of type {kind}."
        return
    if kind == "array":
        item = {"type": "string"} | dict(definition.get("items") or {})
        for element in value:
            if problem := next(value_problems(element, item), None):
                yield problem
                return
    if isinstance(value, str):
        if len(value) > definition.get("maxLength", LARGEST):
            yield TOO_LONG
        if len(value) < definition.get("minLength", 0):
            yield f"The field must be at least {definition['minLength']} characters long"
    elif kind in {"number", "integer"} and not -1e15 < value < 1e15:
        yield "The value is out of range."
    allowed = definition.get("enum")
    if allowed and value not in allowed and kind != "array":
        yield "The value is not one of those that the schema allows."


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int)
    if kind == "number":
        return isinstance(value, _NUMBERS)
    return isinstance(value, {"string": str, "array": list}.get(kind, bool))
