"""``workload_bindings`` of a client, in both views of it (docs/protocol.md §46)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ...oauth.client_auth.workloads import is_of_aws, is_role_pattern
from ...storage.clients import Client
from ...storage.workload_bindings import WorkloadBinding
from ..http.fields import Fields

NAME: Final = "workload_bindings"
MOST: Final = 20
_LONGEST: Final = 1_024
_KNOWN: Final = frozenset({"issuer", "audience", "claims", "accounts", "organization", "roles"})
#: What platforms put into tokens for everybody, unless one asks for something else.
_DEFAULTS: Final = re.compile(r"https://kubernetes\.default\.svc(\.cluster\.local)?/?|https://github\.com/[^/]+/?")
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)


def read_bindings(client: Client, settings: Fields) -> Client:
    """The client with what a body says: what it leaves out is gone."""
    return replace(client, workload_bindings=tuple(map(_read, settings.objects(NAME, most=MOST))))


def check_bindings(client: Client, settings: Fields, credentials: Fields) -> None:
    """Note what a client that is a workload cannot be beside it: there is one way to be it."""
    if not client.workload_bindings:
        return
    if client.application_type != "service":
        settings.problem(NAME, "are for applications of the type 'service'.")
    if client.auth_method != "private_key_jwt":
        credentials.problem("token_endpoint_auth_method", "must be 'private_key_jwt' with 'workload_bindings'.")
    if client.keys or client.jwks_uri is not None:
        settings.problem("jwks", "excludes 'workload_bindings': tokens of a platform are signed with its keys.")


def shown_bindings(client: Client) -> dict[str, Any]:
    """The members of a client that has any: ``federated`` says what its authentication method does not."""
    if not client.workload_bindings:
        return {}
    return {NAME: [_json(one) for one in client.workload_bindings], "federated": True}


def _read(body: Fields) -> WorkloadBinding:
    issuer, audience = body.text("issuer", required=True, longest=512) or "", body.text("audience", longest=_LONGEST)
    if audience is not None and (not audience or _DEFAULTS.fullmatch(audience)):
        body.problem("audience", "is what a token is for that is for others: ask for tokens for this server.")
    claims = _claims(body)
    accounts, roles = body.texts("accounts", most=100) or (), body.texts("roles", most=100) or ()
    organization = body.text("organization")
    if any(not _ACCOUNT.fullmatch(account) for account in accounts):
        body.problem("accounts", "are numbers of twelve digits.")
    if organization is not None and not _ORGANIZATION.fullmatch(organization):
        body.problem("organization", "is an id like 'o-a1b2c3d4e5'.")
    if wrong := [role for role in roles if not is_role_pattern(role)]:
        body.problem("roles", f"'{wrong[0][:200]}' is no ARN of a role; '*' may stand within a segment of its path.")
    if is_of_aws(issuer) and not roles:
        body.problem("roles", "At least one is needed: an issuer of AWS alone is a whole account.")
    if not is_of_aws(issuer) and (roles or accounts or organization is not None):
        body.problem("roles", "'roles', 'accounts' and 'organization' are for issuers of AWS.")
    if not is_of_aws(issuer) and not claims:
        body.problem("claims", "At least one is needed: an issuer alone is everybody there.")
    for name in body.names():
        if name not in _KNOWN:
            body.problem(name[:100], "There is no such member.")
    return WorkloadBinding(issuer, audience, claims, accounts, organization, roles)


def _claims(body: Fields) -> Mapping[str, str]:
    claims = body.free("claims", longest=8_192)
    if not all(isinstance(value, str) and value for value in claims.values()):
        body.problem("claims", "are texts, compared to the letter.")
        return {}
    return dict(claims)


def _json(binding: WorkloadBinding) -> dict[str, Any]:
    shown = {
        "issuer": binding.issuer,
        "audience": binding.audience,
        "claims": dict(binding.claims) or None,
        "accounts": list(binding.accounts) or None,
        "organization": binding.organization,
        "roles": list(binding.roles) or None,
    }
    return {name: value for name, value in shown.items() if value is not None}
