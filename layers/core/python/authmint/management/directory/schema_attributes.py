"""Attributes in schemas of users, groups and apps' users: what a request may say of them, and how they are kept."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from ...storage.schemas import ProfileSchema
from ..http.errors import ApiError, invalid_field
from ..http.fields import Fields
from .unique_attributes import UNIQUE, check_unique

MOST_ATTRIBUTES: Final = 500
#: Bytes: the schema is one item, read by every change of a profile.
LARGEST: Final = 200_000
DRAFT: Final = "http://json-schema.org/draft-04/schema#"
ATTRIBUTE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
ATTRIBUTE_TYPES: Final = ("string", "boolean", "number", "integer", "array")
BAD_NAME: Final = "The name must be letters, digits and '_', and not that of a standard attribute."
_ACTIONS: Final = ("READ_WRITE", "READ_ONLY", "HIDE")
_MASTERS: Final = ("PROFILE_MASTER", "OKTA", "OVERRIDE")
_MOST_SOURCES: Final = 50
#: Members that are kept, in this order.
_KEPT: Final = (
    "title", "description", "type", "required", "format", "mutability", "externalName", "externalNamespace", "unique",
    "scope", "minLength", "maxLength", "items", "enum", "oneOf", "permissions", "master", "default",
)  # fmt: skip
_DEFAULTS: Final[Mapping[str, Any]] = {
    "mutability": "READ_WRITE",
    "scope": "NONE",
    "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
    "master": {"type": "PROFILE_MASTER"},
}
#: Members of standard attributes that an org may change; of this one, what its texts look like too.
_CHANGEABLE: Final = ("required", "permissions", "master")
PATTERNED: Final = "login"
#: Anything, or characters of one set: in it, a hyphen comes first and punctuation has a backslash in front.
_PATTERN: Final = re.compile(r"\.\+|\[-?(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[_.@+]|\\[!-/:-@\[-`{-~])*\]\+")
_LONGEST_PATTERN: Final = 255
BAD_PATTERN: Final = "must be '.+', or a set of characters as in '[a-z0-9\\_\\.]+'."


def with_defaults(definition: Mapping[str, Any], action: str) -> dict[str, Any]:
    """A standard attribute as an org has it at first."""
    return {**definition, **_DEFAULTS, "permissions": [{"principal": "SELF", "action": action}]}


def sent_properties(definitions: Fields, name: str) -> Mapping[str, Mapping[str, Any] | None]:
    """Attributes of a body by name; ``null`` where one is to go. Raises ApiError (E0000003)."""
    properties = definitions.below(name).raw("properties")
    if properties is None:
        return {}
    if not isinstance(properties, dict) or not all(isinstance(v, dict | None) for v in properties.values()):
        raise ApiError("E0000003")
    return properties


def merged(
    before: Mapping[str, Mapping[str, Any]], sent: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Mapping[str, Any]]:
    """The attributes of before, with those that are sent added, replaced or, where ``None``, removed."""
    kept = {name: definition for name, definition in before.items() if name not in sent}
    return kept | {name: definition for name, definition in sent.items() if definition is not None}


def custom_attributes(
    definitions: Fields, standard: Collection[str], *, uniqueness: bool
) -> Mapping[str, Mapping[str, Any] | None]:
    """Attributes of the org's own that a body defines, as they are kept.

    Args:
        definitions: The body's.
        standard: Names that they cannot have.
        uniqueness: Whether they can be unique.

    Raises:
        ApiError: E0000001, E0000003.
    """
    sent = sent_properties(definitions, "custom")
    return {
        name: None if value is None else _attribute(name, value, standard, uniqueness=uniqueness)
        for name, value in sent.items()
    }


def standard_changes(
    definitions: Fields, shown: Mapping[str, Mapping[str, Any]], always: Collection[str]
) -> Mapping[str, Mapping[str, Any]]:
    """What a body asks to be different of standard attributes; they may be sent back as they were shown.

    Args:
        definitions: The body's.
        shown: The standard attributes as they are.
        always: Names of those that must stay required.

    Raises:
        ApiError: E0000001, with the attribute and the member: no such attribute, or nothing that can be changed.
    """
    return {name: _standard(name, value, shown, always) for name, value in sent_properties(definitions, "base").items()}


def changed(
    before: ProfileSchema,
    custom: Mapping[str, Mapping[str, Any] | None],
    base: Mapping[str, Mapping[str, Any]],
) -> ProfileSchema:
    """The schema with what a body asks for. Raises ApiError (E0000001): it has become too large."""
    standard = {**before.base, **{name: {**before.base.get(name, {}), **change} for name, change in base.items()}}
    after = replace(
        before,
        custom=merged(before.custom, custom),
        base={name: definition for name, one in standard.items() if (definition := _without_nothing(one))},
    )
    if len(after.custom) > MOST_ATTRIBUTES or len(msgspec.json.encode((after.custom, after.base))) > LARGEST:
        raise invalid_field("definitions.custom.properties", f"At most {MOST_ATTRIBUTES} attributes.")
    return after


def _attribute(
    name: str, value: Mapping[str, Any], standard: Collection[str], *, uniqueness: bool
) -> Mapping[str, Any]:
    """The definition of an attribute as it is stored, with what is left out filled in."""
    path = f"definitions.custom.properties.{name[:64]}"
    if not ATTRIBUTE_NAME.fullmatch(name) or name in standard:
        raise invalid_field(path, BAD_NAME)
    fields = Fields(value, f"{path}.")
    kind = fields.choice("type", ATTRIBUTE_TYPES, "string", required=True)
    fields.text("title", required=True, longest=255)
    fields.text("description", longest=1_024)
    fields.flag("required", default=False)
    fields.choice("scope", ("NONE", "SELF"), "NONE")
    check_lengths(fields, kind)
    _check_values(fields, kind)
    check_access(fields)
    if value.get("pattern") is not None:
        fields.problem("pattern", "Patterns are not supported.")
    unique = check_unique(fields, kind, offered=uniqueness)
    fields.check()
    given = {member: value[member] for member in _KEPT if value.get(member) is not None}
    if unique:
        given["unique"] = UNIQUE
    kept = {**_DEFAULTS, **given}
    if not kept.get("required"):
        kept.pop("required", None)
    return {member: kept[member] for member in _KEPT if member in kept}


def check_lengths(fields: Fields, kind: str) -> None:
    """Note what is wrong with the bounds of a text."""
    for bound in ("minLength", "maxLength"):
        length = fields.number(bound)
        if length is not None and not (0 <= length <= 32_768 and kind == "string"):
            fields.problem(bound, "must be between 0 and 32768, of a string.")


def _check_values(fields: Fields, kind: str) -> None:
    allowed = fields.raw("enum")
    if allowed is not None and not (isinstance(allowed, list) and 0 < len(allowed) <= 200):
        fields.problem("enum", "must be a list of 1 to 200 values.")
    if kind == "array" and fields.below("items").raw("type") not in ("string", "number", "integer"):
        fields.problem("items.type", "must be one of [string, number, integer].")


def check_access(fields: Fields) -> None:
    """Who may see and change the attribute, and which source its value comes from."""
    permissions = fields.raw("permissions")
    if permissions is not None and permissions not in [[{"principal": "SELF", "action": each}] for each in _ACTIONS]:
        fields.problem("permissions", f"must be one of [{', '.join(_ACTIONS)}] for the principal SELF.")
    master = fields.below("master")
    kind = master.choice("type", _MASTERS, "PROFILE_MASTER")
    sources = master.raw("priority")
    if sources is not None and not (kind == "OVERRIDE" and isinstance(sources, list) and all(map(_source, sources))):
        master.problem("priority", "must be a list of sources, each with 'type' and 'value', where it overrides.")
    elif sources is not None and len(sources) > _MOST_SOURCES:
        master.problem("priority", f"At most {_MOST_SOURCES} sources.")


def _source(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in ("type", "value") and isinstance(text, str) and len(text) <= 255 for name, text in value.items()
    )


def _without_nothing(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in definition.items() if value is not None}


def _is_pattern(text: str) -> bool:
    from ...expressions.regexes import BadPattern, compiled  # few deployments have a pattern

    if not _PATTERN.fullmatch(text):
        return False
    try:
        compiled(text)
    except BadPattern:
        return False
    return True


def _standard(
    name: str, value: Mapping[str, Any] | None, shown: Mapping[str, Mapping[str, Any]], always: Collection[str]
) -> Mapping[str, Any]:
    path = f"definitions.base.properties.{name[:64]}"
    if name not in shown:
        raise invalid_field(path, "There is no such standard attribute.")
    if value is None:
        raise invalid_field(path, "Standard attributes cannot be removed.")
    fields = Fields(value, f"{path}.")
    changeable = (*_CHANGEABLE, "pattern") if name == PATTERNED else _CHANGEABLE
    for member, asked in value.items():
        blank = asked in (None, False, "", [])
        if member not in changeable and not blank and asked != shown[name].get(member):
            fields.problem(str(member)[:64], "This cannot be changed of a standard attribute.")
    required = fields.flag("required", default=bool(shown[name].get("required")))
    if not required and name in always:
        fields.problem("required", "This attribute is always required.")
    check_access(fields)
    pattern = fields.text("pattern", longest=_LONGEST_PATTERN) if name == PATTERNED else None
    if pattern and not _is_pattern(pattern):
        fields.problem("pattern", BAD_PATTERN)
    fields.check()
    asked = {member: value[member] for member in ("permissions", "master") if value.get(member) is not None}
    asked["required"] = required
    if name == PATTERNED and "pattern" in value:
        asked["pattern"] = pattern or None
    return {member: what for member, what in asked.items() if what != (shown[name].get(member) or False)}
