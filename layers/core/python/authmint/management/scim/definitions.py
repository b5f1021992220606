"""What this service says of itself (RFC 7643 §5–§7): configuration, types of resources, schemas."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...directory.profile import required_attributes, standard_attributes
from ...storage.schemas import ProfileSchema
from .messages import MOST_RESULTS
from .vocabulary import ADDRESS, CUSTOM, ENTERPRISE, GROUP, NAME, OF_ENTERPRISE, SIMPLE, USER

_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_TYPE: Final = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_CONFIG: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPES: Final[Mapping[Any, str]] = {"string": "string", "boolean": "boolean", "number": "decimal", "integer": "integer"}


def configuration(base_url: str) -> dict[str, Any]:
    """``/ServiceProviderConfig``."""
    off = {"supported": False}
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {**off, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST_RESULTS},
        "changePassword": {"supported": True},
        "sort": off,
        "etag": off,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "An API token of type SCIM.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": _meta("ServiceProviderConfig", f"{base_url}/scim/v2/ServiceProviderConfig"),
    }


def resource_types(schema: ProfileSchema, base_url: str) -> Sequence[dict[str, Any]]:
    """``/ResourceTypes``."""
    extensions = [{"schema": urn, "required": False} for urn in (ENTERPRISE, *((CUSTOM,) if schema.custom else ()))]
    found = []
    for name, urn, more in (("User", USER, {"schemaExtensions": extensions}), ("Group", GROUP, {})):
        location = f"{base_url}/scim/v2/ResourceTypes/{name}"
        found.append(
            {
                "schemas": [_TYPE],
                "id": name,
                "name": name,
                "endpoint": f"/{name}s",
                "description": f"{name}s of the org",
                "schema": urn,
                **more,
                "meta": _meta("ResourceType", location),
            }
        )
    return found


def schemas(schema: ProfileSchema, base_url: str) -> Sequence[dict[str, Any]]:
    """``/Schemas``, with the attributes that administrators defined."""
    known = required_attributes(standard_attributes(schema))
    custom = [_custom(name, one) for name, one in schema.custom.items()]
    name_required = not {"firstName", "lastName"}.isdisjoint(known)
    user = [
        _attribute("userName", required=True, unique="server"),
        _complex(
            "name",
            [_attribute(part, required=own in known) for part, own in NAME.items()],
            required=name_required,
        ),
        *[_attribute(one, required=own in known) for one, own in SIMPLE.items() if one != "userName"],
        # It is never without a value, and nobody can remove it.
        _attribute("active", "boolean", required=True),
        _attribute("password", mutability="writeOnly", returned="never"),
        _complex(
            "emails",
            [*_values("work"), _attribute("primary", "boolean", mutability="readOnly")],
            several=True,
            required=True,
        ),
        _complex("phoneNumbers", _values("work", "mobile"), several=True),
        _complex("addresses", [*map(_attribute, ADDRESS), _attribute("type", values=("work",))], several=True),
    ]
    enterprise = [
        *map(_attribute, OF_ENTERPRISE),
        _complex("manager", [_attribute("value"), _attribute("displayName")]),
    ]
    members = [
        _attribute("value", mutability="immutable"),
        _attribute("$ref", "reference", mutability="immutable", references=("User",)),
        _attribute("type", mutability="immutable", values=("User",)),
    ]
    group = [_attribute("displayName", required=True, unique="server"), _complex("members", members, several=True)]
    described = ((USER, "User", user), (ENTERPRISE, "EnterpriseUser", enterprise), (CUSTOM, "CustomUser", custom),
                 (GROUP, "Group", group))  # fmt: skip
    return [
        {
            "schemas": [_SCHEMA],
            "id": urn,
            "name": title,
            "description": title,
            "attributes": attributes,
            "meta": _meta("Schema", f"{base_url}/scim/v2/Schemas/{urn}"),
        }
        for urn, title, attributes in described
        if attributes
    ]


def _custom(name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    several = definition.get("type") == "array"
    kind = ((definition.get("items") or {}) if several else definition).get("type")
    return _attribute(name, _TYPES.get(kind, "string"), several=several, required=bool(definition.get("required")))


def _values(*kinds: str) -> list[dict[str, Any]]:
    return [_attribute("value", required=True), _attribute("type", values=kinds)]


def _complex(
    name: str, parts: Sequence[dict[str, Any]], *, several: bool = False, required: bool = False
) -> dict[str, Any]:
    return _attribute(name, "complex", several=several, required=required) | {"subAttributes": list(parts)}


def _attribute(
    name: str,
    kind: str = "string",
    *,
    several: bool = False,
    required: bool = False,
    unique: str = "none",
    mutability: str = "readWrite",
    returned: str = "default",
    values: Sequence[str] = (),
    references: Sequence[str] = (),
) -> dict[str, Any]:
    shown = {
        "name": name,
        "type": kind,
        "multiValued": several,
        "description": name,
        "required": required,
        "caseExact": False,
        "mutability": mutability,
        "returned": returned,
        "uniqueness": unique,
    }
    return shown | {key: list(one) for key, one in (("canonicalValues", values), ("referenceTypes", references)) if one}


def _meta(kind: str, location: str) -> dict[str, Any]:
    return {"resourceType": kind, "location": location}
