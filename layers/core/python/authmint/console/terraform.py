"""Objects as configuration for Terraform, by the resources of Okta's provider: to copy, with what takes them over."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .fields import at

_Value = str | Callable[[Mapping[str, Any]], Any]
_NO_NAME: Final = re.compile(r"[^a-z0-9_]+")
_CLIENT, _CREDENTIALS = "settings.oauthClient", "credentials.oauthClient"


@dataclass(frozen=True)
class Resource:
    """What a kind of objects is called there.

    Attributes:
        kind: Of the resource.
        values: By attribute: where its value stands in an object of the API, or what makes it.
        above: By attribute: which part of the page's path it is.
        only: Where it stands, and what it is, in objects that the resource is for; others have none.
    """

    kind: str
    values: Mapping[str, _Value]
    above: Mapping[str, str] | None = None
    only: tuple[str, str] | None = None

    def is_for(self, item: Mapping[str, Any]) -> bool:
        """Whether an object is one of those."""
        return self.only is None or at(item, self.only[0]) == self.only[1]

    def text(self, name: str, identity: str, item: Mapping[str, Any], parts: Mapping[str, str]) -> str:
        """As ``configuration``."""
        label = _NO_NAME.sub("_", name.casefold()).strip("_") or "it"
        label = label if label[0].isalpha() else f"_{label}"
        above = {attribute: parts[part] for attribute, part in (self.above or {}).items()}
        found = {attribute: _value(item, where) for attribute, where in self.values.items()}
        given = above | {attribute: value for attribute, value in found.items() if value not in (None, "", [], False)}
        taken = {"to": f"{self.kind}.{label}", "id": _literal("/".join((*above.values(), identity)))}
        written = {attribute: _literal(value) for attribute, value in given.items()}
        head = f'resource "{self.kind}" "{label}"'
        return _block("import", taken) + "\n" + _block(head, written)


def _value(item: Mapping[str, Any], where: _Value) -> Any:
    return at(item, where) if isinstance(where, str) else where(item)


def _block(head: str, attributes: Mapping[str, str]) -> str:
    width = max(map(len, attributes))
    lines = [f"  {name.ljust(width)} = {text}" for name, text in attributes.items()]
    return "\n".join((f"{head} {{", *lines, "}", ""))


def _literal(value: Any) -> str:
    """A value as HCL: JSON, in which nothing is taken for a template."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _addresses(name: str) -> Callable[[Mapping[str, Any]], Sequence[str]]:
    return lambda zone: [one["value"] for one in zone.get(name) or ()]


def _locations(zone: Mapping[str, Any]) -> Sequence[str]:
    """Countries, and parts of them by their code alone."""
    places = zone.get("locations") or ()
    return [one.get("region") or one["country"] for one in places if one.get("country") or one.get("region")]


#: Attributes of people that have a place of their own, and what the API calls them.
_PROFILE: Final = {
    "login": "login", "email": "email", "first_name": "firstName", "last_name": "lastName", "city": "city",
    "cost_center": "costCenter", "country_code": "countryCode", "department": "department",
    "display_name": "displayName", "division": "division", "employee_number": "employeeNumber",
    "honorific_prefix": "honorificPrefix", "honorific_suffix": "honorificSuffix", "locale": "locale",
    "manager": "manager", "manager_id": "managerId", "middle_name": "middleName", "mobile_phone": "mobilePhone",
    "nick_name": "nickName", "organization": "organization", "postal_address": "postalAddress",
    "preferred_language": "preferredLanguage", "primary_phone": "primaryPhone", "profile_url": "profileUrl",
    "second_email": "secondEmail", "state": "state", "street_address": "streetAddress", "timezone": "timezone",
    "title": "title", "user_type": "userType", "zip_code": "zipCode",
}  # fmt: skip


def _bindings() -> Mapping[str, _Value]:
    """Addresses of a provider, and how each is called."""
    names = {"authorization": "authorization", "token": "token", "jwks": "jwks", "user_info": "userInfo"}
    found: dict[str, _Value] = {}
    for name, ours in names.items():
        found[f"{name}_url"] = f"protocol.endpoints.{ours}.url"
        found[f"{name}_binding"] = f"protocol.endpoints.{ours}.binding"
    return found


def _channel(hook: Mapping[str, Any]) -> Mapping[str, Any]:
    channel = hook["channel"]
    return {"type": channel["type"], "version": channel["version"], "uri": channel["config"]["uri"], "method": "POST"}


def _auth(hook: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Without its value, which nobody is shown."""
    found: Mapping[str, Any] | None = at(hook, "channel.config.authScheme")
    return found


def _own_attributes(*known: str) -> Callable[[Mapping[str, Any]], str | None]:
    def own(item: Mapping[str, Any]) -> str | None:
        found = {name: value for name, value in item["profile"].items() if name not in known and value is not None}
        return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else None

    return own


_POLICY: Final[Mapping[str, _Value]] = {
    "name": "name",
    "description": "description",
    "priority": "priority",
    "groups_included": "conditions.people.groups.include",
}
_SERVER: Final = {"auth_server_id": "server"}
#: By the path of a family.
RESOURCES: Final[Mapping[str, Resource]] = {
    "/servers": Resource(
        "okta_auth_server",
        {
            "name": "name",
            "audiences": "audiences",
            "description": "description",
            "issuer_mode": "issuerMode",
            "credentials_rotation_mode": "credentials.signing.rotationMode",
            "status": "status",
        },
    ),
    "/servers/{server}/scopes": Resource(
        "okta_auth_server_scope",
        {
            "name": "name",
            "display_name": "displayName",
            "description": "description",
            "consent": "consent",
            "metadata_publish": "metadataPublish",
            "default": "default",
            "optional": "optional",
        },
        _SERVER,
    ),
    "/servers/{server}/claims": Resource(
        "okta_auth_server_claim",
        {
            "name": "name",
            "claim_type": "claimType",
            "value_type": "valueType",
            "value": "value",
            "group_filter_type": lambda claim: (
                claim.get("group_filter_type") if claim["valueType"] == "GROUPS" else None
            ),
            "scopes": "conditions.scopes",
            "always_include_in_token": "alwaysIncludeInToken",
            "status": "status",
        },
        _SERVER,
    ),
    "/servers/{server}/policies": Resource(
        "okta_auth_server_policy",
        {
            "name": "name",
            "description": "description",
            "priority": "priority",
            "client_whitelist": "conditions.clients.include",
            "status": "status",
        },
        _SERVER,
    ),
    "/servers/{server}/policies/{policy}/rules": Resource(
        "okta_auth_server_policy_rule",
        {
            "name": "name",
            "priority": "priority",
            "grant_type_whitelist": "conditions.grantTypes.include",
            "scope_whitelist": "conditions.scopes.include",
            "group_whitelist": "conditions.people.groups.include",
            "group_blacklist": "conditions.people.groups.exclude",
            "user_whitelist": "conditions.people.users.include",
            "user_blacklist": "conditions.people.users.exclude",
            "access_token_lifetime_minutes": "actions.token.accessTokenLifetimeMinutes",
            "refresh_token_lifetime_minutes": "actions.token.refreshTokenLifetimeMinutes",
            "refresh_token_window_minutes": "actions.token.refreshTokenWindowMinutes",
            "status": "status",
        },
        {**_SERVER, "policy_id": "policy"},
    ),
    "/apps": Resource(
        "okta_app_oauth",
        {
            "label": "label",
            "type": f"{_CLIENT}.application_type",
            "grant_types": f"{_CLIENT}.grant_types",
            "response_types": f"{_CLIENT}.response_types",
            "redirect_uris": f"{_CLIENT}.redirect_uris",
            "post_logout_redirect_uris": f"{_CLIENT}.post_logout_redirect_uris",
            "token_endpoint_auth_method": f"{_CREDENTIALS}.token_endpoint_auth_method",
            "pkce_required": f"{_CREDENTIALS}.pkce_required",
            "consent_method": f"{_CLIENT}.consent_method",
            "jwks_uri": f"{_CLIENT}.jwks_uri",
            "client_uri": f"{_CLIENT}.client_uri",
            "logo_uri": f"{_CLIENT}.logo_uri",
            "login_uri": f"{_CLIENT}.initiate_login_uri",
            "refresh_token_rotation": f"{_CLIENT}.refresh_token.rotation_type",
            "refresh_token_leeway": f"{_CLIENT}.refresh_token.leeway",
            "issuer_mode": f"{_CLIENT}.issuer_mode",
            "implicit_assignment": "settings.implicitAssignment",
            "admin_note": "settings.notes.admin",
            "status": "status",
        },
    ),
    "/users": Resource(
        "okta_user",
        {name: f"profile.{ours}" for name, ours in _PROFILE.items()}
        | {"custom_profile_attributes": _own_attributes(*_PROFILE.values())},
    ),
    "/groups": Resource(
        "okta_group",
        {
            "name": "profile.name",
            "description": "profile.description",
            "custom_profile_attributes": _own_attributes("name", "description"),
        },
    ),
    "/zones": Resource(
        "okta_network_zone",
        {
            "name": "name",
            "type": "type",
            "usage": "usage",
            "gateways": _addresses("gateways"),
            "proxies": _addresses("proxies"),
            "dynamic_locations": _locations,
            "asns": "asns",
            "status": "status",
        },
    ),
    "/behaviors": Resource(
        "okta_behavior",
        {
            "name": "name",
            "type": "type",
            "number_of_authentications": "settings.maxEventsUsedForEvaluation",
            "location_granularity_type": "settings.granularity",
            "radius_from_location": "settings.radiusKilometers",
            "velocity": "settings.velocityKph",
            "status": "status",
        },
    ),
    "/origins": Resource(
        "okta_trusted_origin",
        {
            "name": "name",
            "origin": "origin",
            "scopes": lambda one: [scope["type"] for scope in one.get("scopes") or ()],
        },
    ),
    "/idps": Resource(
        "okta_idp_oidc",
        {
            "name": "name",
            "status": "status",
            "issuer_mode": "issuerMode",
            "issuer_url": "protocol.issuer.url",
            **_bindings(),
            "client_id": "protocol.credentials.client.client_id",
            "scopes": "protocol.scopes",
            "username_template": "policy.subject.userNameTemplate.template",
            "subject_match_type": "policy.subject.matchType",
            "subject_match_attribute": "policy.subject.matchAttribute",
            "subject_filter": "policy.subject.filter",
            "account_link_action": "policy.accountLink.action",
            "account_link_group_include": "policy.accountLink.filter.groups.include",
            "provisioning_action": "policy.provisioning.action",
            "profile_master": "policy.provisioning.profileMaster",
            "suspended_action": "policy.provisioning.conditions.suspended.action",
            "deprovisioned_action": "policy.provisioning.conditions.deprovisioned.action",
            "groups_action": "policy.provisioning.groups.action",
            "groups_assignment": "policy.provisioning.groups.assignments",
            "groups_attribute": "policy.provisioning.groups.sourceAttributeName",
            "groups_filter": "policy.provisioning.groups.filter",
        },
        only=("type", "OIDC"),
    ),
    "/group-rules": Resource(
        "okta_group_rule",
        {
            "name": "name",
            "status": "status",
            "expression_type": "conditions.expression.type",
            "expression_value": "conditions.expression.value",
            "group_assignments": "actions.assignUserToGroups.groupIds",
            "users_excluded": "conditions.people.users.exclude",
        },
    ),
    "/inline-hooks": Resource(
        "okta_inline_hook",
        {
            "name": "name",
            "status": "status",
            "type": "type",
            "version": "version",
            "channel": _channel,
            "auth": _auth,
        },
        only=("channel.type", "HTTP"),
    ),
    "/event-hooks": Resource(
        "okta_event_hook",
        {"name": "name", "status": "status", "events": "events.items", "channel": _channel, "auth": _auth},
    ),
    "/policies": Resource("okta_policy_signon", {**_POLICY, "status": "status"}),
    "/app-policies": Resource("okta_app_signon_policy", {"name": "name", "description": "description"}),
}


def configuration(
    path: str, *, name: str, identity: str, item: Mapping[str, Any], parts: Mapping[str, str]
) -> str | None:
    """An object as it is, for Terraform (HCL), and a block that has Terraform take it over.

    Args:
        path: Of its family.
        name: Untrusted text.
        identity: Its id.
        item: As the API has it.
        parts: Of the page's path, by name.

    Returns:
        ``None``: there is no resource for it, or it comes with the deployment.
    """
    resource = RESOURCES.get(path)
    if resource is None or item.get("system") or not resource.is_for(item):
        return None
    return resource.text(name, identity, item, parts)
