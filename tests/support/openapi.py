"""Answers of the management API against the published OpenAPI description, when ``AUTHMINT_OPENAPI`` names the file.

A check for development: the description is not part of this repository, and where it and recorded answers differ
the answers decide: ``NULL_IN_RECORDINGS`` lists the members that recorded answers hold as ``null`` all the same.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

#: docs/protocol.md §25.1, §25.7, §25.2, §26, §26.7, §27.3, §34.4.
NULL_IN_RECORDINGS: Final = frozenset(
    {"appInstanceId", "appLinkName", "classicApplicationUri", "customPrivacyPolicyUrl"}
    | {"description", "_links", "errorRedirectUrl", "externalId", "loginRedirectUrl", "universalLogout"}
)


@cache
def _document() -> tuple[dict[str, Any], Any, list[tuple[re.Pattern[str], str]]] | None:
    path = os.environ.get("AUTHMINT_OPENAPI")
    if not path:
        return None
    document = yaml.load(Path(path).read_text(), Loader=yaml.CSafeLoader)
    registry = Registry().with_resource("urn:api", DRAFT4.create_resource(document))
    paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", template)), template) for template in document["paths"]]
    return document, registry, sorted(paths, key=lambda pair: pair[1].count("{"))


def problems(method: str, path: str, status: int, body: Any) -> list[str]:
    """What the description has against an answer; nothing where it is not at hand or does not know the operation."""
    loaded = _document()
    if loaded is None or (method == "GET" and path.endswith("/credentials/jwks")):  # an object, not an array
        return []
    if "/authenticator-enrollments" in path:  # described as if all were telephones
        return []
    document, registry, paths = loaded
    for pattern, template in paths:
        if pattern.fullmatch(path):
            operation = document["paths"][template].get(method.lower())
            response = (operation or {}).get("responses", {}).get(str(status))
            break
    else:
        return []
    if response is None:
        return []
    location = f"#/paths/{_escaped(template)}/{method.lower()}/responses/{status}"
    if "$ref" in response:
        location = response["$ref"]
        node: Any = document
        for part in location.removeprefix("#/").split("/"):
            node = node[part]
        response = node
    if "application/json" not in response.get("content", {}):
        return []
    schema = {"$ref": f"urn:api{location}/content/application~1json/schema"}
    return [
        f"{method} {template} {status} {'/'.join(map(str, error.path))}: {error.message[:300]}"
        for error in OAS30Validator(schema, registry=registry).iter_errors(body)
        if not _recorded(error)
    ]


def _recorded(error: Any) -> bool:
    """Whether it is about nothing but members that recorded answers hold as ``null``."""
    if error.instance is None and error.path and error.path[-1] in NULL_IN_RECORDINGS:
        return True
    branches = {part.schema_path[0] for part in error.context or ()}
    return any(all(_recorded(part) for part in error.context if part.schema_path[0] == one) for one in branches)


def _escaped(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
