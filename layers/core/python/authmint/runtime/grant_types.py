"""The grants of the token endpoint: the registry. Each is loaded when a request first asks for it.

A cold start pays for what its first request needs, and most are for machines.
"""

from typing import TYPE_CHECKING, Final

from .parts import Parts

if TYPE_CHECKING:
    from ..oauth.grants.base import GrantType
    from ..oauth.grants.identity_assertion import IdentityAssertions

#: What discovery says, in its order.
GRANT_TYPES: Final = (
    "authorization_code",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba",
)


def grants(parts: Parts) -> "list[GrantType]":
    """One for each of ``GRANT_TYPES``."""
    from ..oauth.grants.base import OnFirstUse

    usual = (_authorization_code, _refresh_token, _password, _client_credentials, _device_code)
    made = (*usual, _token_exchange, _jwt_bearer, _backchannel)
    return [OnFirstUse(name, make, parts) for name, make in zip(GRANT_TYPES, made, strict=True)]


def _authorization_code(parts: Parts) -> "GrantType":
    from ..oauth.grants.authorization_code import AuthorizationCodeGrant

    records = parts.records
    return AuthorizationCodeGrant(
        records.codes, records.families, records.directory, parts.ids, lambda: records.sessions
    )


def _refresh_token(parts: Parts) -> "GrantType":
    from ..oauth.grants.refresh_token import RefreshTokenGrant

    return RefreshTokenGrant(parts.records.families, parts.records.directory, parts.ids)


def _password(parts: Parts) -> "GrantType":
    from ..oauth.grants.password import PasswordCredentials
    from ..sign_on.policy_demands import OutsideOfBlockedZones

    verifier = OutsideOfBlockedZones(parts.authenticator(), parts.blocked_zones())
    return PasswordCredentials(verifier, parts.demands(), parts.records.families, parts.ids)


def _client_credentials(_: Parts) -> "GrantType":
    from ..oauth.grants.client_credentials import ClientCredentials

    return ClientCredentials()


def _device_code(parts: Parts) -> "GrantType":
    from ..oauth.grants.device_code import DeviceCodeGrant

    return DeviceCodeGrant(parts.records.device_codes, parts.records.directory, parts.ids)


def _token_exchange(parts: Parts) -> "GrantType":
    from ..oauth.grants.token_exchange import TokenExchange
    from ..oauth.subject_tokens import SubjectTokens

    configuration, records = parts.configuration(), parts.records
    validity = parts.validity(configuration)

    def assertions() -> "IdentityAssertions":
        from ..oauth.grants.identity_assertion import IdentityAssertions
        from ..oauth.grants.refresh_token import RefreshTokenGrant

        refresh = RefreshTokenGrant(records.families, records.directory, parts.ids)
        return IdentityAssertions(validity, refresh, lambda: records.sessions)

    return TokenExchange(SubjectTokens(configuration, validity), records.families, parts.ids, assertions)


def _jwt_bearer(parts: Parts) -> "GrantType":
    from ..oauth.grants.jwt_bearer import JwtBearer

    records = parts.records
    return JwtBearer(
        parts.issuer_keys,
        parts.configuration(),
        records.directory,
        records.issuer_subjects,
        records.assertions,
        records.families,
        parts.ids,
        served=GRANT_TYPES,
        since=parts.settings.assertions_since,
    )


def _backchannel(parts: Parts) -> "GrantType":
    from ..oauth.grants.backchannel import BackchannelGrant

    return BackchannelGrant(parts.records.backchannel_requests, parts.records.directory, parts.ids)
