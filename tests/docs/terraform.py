"""What Okta's Terraform provider makes of a configuration, for the few resources of the example."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_SERVERS: Final = "/api/v1/authorizationServers"
_REFERENCE: Final = re.compile(r"\$\{(\w+\.\w+)\.(\w+)\}")
Made = Mapping[str, Any]


def _server(values: Made) -> tuple[str, Any]:
    body = {"name": values["name"], "description": values["description"], "audiences": values["audiences"]}
    signing = {"rotationMode": values["credentials_rotation_mode"]}
    return _SERVERS, body | {"issuerMode": values["issuer_mode"], "credentials": {"signing": signing}}


def _scope(values: Made) -> tuple[str, Any]:
    body = {"name": values["name"], "description": values["description"], "consent": values["consent"]}
    return f"{_SERVERS}/{values['auth_server_id']}/scopes", body | {"metadataPublish": values["metadata_publish"]}


def _claim(values: Made) -> tuple[str, Any]:
    body = {"name": values["name"], "value": values["value"], "status": "ACTIVE", "conditions": {"scopes": []}}
    types = {"claimType": values["claim_type"], "valueType": values["value_type"]}
    return f"{_SERVERS}/{values['auth_server_id']}/claims", body | types


def _policy(values: Made) -> tuple[str, Any]:
    body = {"name": values["name"], "description": values["description"], "priority": values["priority"]}
    conditions = {"clients": {"include": values["client_whitelist"]}}
    return f"{_SERVERS}/{values['auth_server_id']}/policies", body | {"conditions": conditions}


def _rule(values: Made) -> tuple[str, Any]:
    token = {
        "accessTokenLifetimeMinutes": values["access_token_lifetime_minutes"],
        "refreshTokenLifetimeMinutes": 0,
        "refreshTokenWindowMinutes": 10_080,
    }
    body = {
        "name": values["name"],
        "priority": values["priority"],
        "conditions": {
            "grantTypes": {"include": values["grant_type_whitelist"]},
            "scopes": {"include": values["scope_whitelist"]},
            "people": {"groups": {"include": values["group_whitelist"]}},
        },
        "actions": {"token": token},
    }
    return f"{_SERVERS}/{values['auth_server_id']}/policies/{values['policy_id']}/rules", body


def _app(values: Made) -> tuple[str, Any]:
    oauth = {"application_type": values["type"]}
    oauth |= {name: values[name] for name in ("grant_types", "response_types")}
    method = values["token_endpoint_auth_method"]
    body = {"label": values["label"], "name": "oidc_client", "signOnMode": "OPENID_CONNECT"}
    credentials = {"oauthClient": {"token_endpoint_auth_method": method, "autoKeyRotation": True}}
    return "/api/v1/apps", body | {"credentials": credentials, "settings": {"oauthClient": oauth}}


_CALLS: Final[Mapping[str, Callable[[Made], tuple[str, Any]]]] = {
    "okta_auth_server": _server,
    "okta_auth_server_scope": _scope,
    "okta_auth_server_claim": _claim,
    "okta_auth_server_policy": _policy,
    "okta_auth_server_policy_rule": _rule,
    "okta_app_oauth": _app,
}


def applied(resources: Mapping[str, Mapping[str, Any]], make: Callable[[str, Any], Any]) -> dict[str, Any]:
    """What was made, by address; what others refer to first."""
    left = {f"{kind}.{name}": (kind, values) for kind, named in resources.items() for name, values in named.items()}
    made: dict[str, Any] = {}
    while left:
        ready = [address for address, (_, values) in left.items() if set(_references(values)) <= made.keys()]
        assert ready, f"a circle among {list(left)}"
        for address in ready:
            kind, values = left.pop(address)
            path, body = _CALLS[kind](_resolved(values, made))
            made[address] = answer = make(path, body)
            answer.update(answer.get("credentials", {}).get("oauthClient", {}))
    return made


def _references(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in _references(item)]
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    return [address for address, _ in _REFERENCE.findall(value)] if isinstance(value, str) else []


def _resolved(value: Any, made: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: _resolved(item, made) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, made) for item in value]
    if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        return made[match[1]][match[2]]
    return value
