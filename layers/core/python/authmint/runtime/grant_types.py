"""The grants of the token endpoint: the registry. Each is loaded when a request first asks for it.

A cold start pays for what its first request needs, and most are for machines.
"""

from typing import TYPE_CHECKING, Final

from .parts import Parts

if TYPE_CHECKING:
    from ..dynamo.directory import DynamoDirectory
    from ..dynamo.token_families import DynamoTokenFamilies
    from ..oauth.grants.base import GrantType

#: What discovery says, in its order.
GRANT_TYPES: Final = (
    "authorization_code",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)


def grants(parts: Parts) -> "list[GrantType]":
    """One for each of ``GRANT_TYPES``."""
    from ..oauth.grants.base import OnFirstUse

    made = (_authorization_code, _refresh_token, _password, _client_credentials, _device_code)
    return [OnFirstUse(name, make, parts) for name, make in zip(GRANT_TYPES, made, strict=True)]


def _authorization_code(parts: Parts) -> "GrantType":
    from ..dynamo.codes import DynamoAuthorizationCodes
    from ..oauth.grants.authorization_code import AuthorizationCodeGrant

    codes = DynamoAuthorizationCodes(parts.tables, parts.ids)
    return AuthorizationCodeGrant(codes, _families(parts), _directory(parts), parts.ids)


def _refresh_token(parts: Parts) -> "GrantType":
    from ..oauth.grants.refresh_token import RefreshTokenGrant

    return RefreshTokenGrant(_families(parts), _directory(parts), parts.ids)


def _password(parts: Parts) -> "GrantType":
    from ..oauth.grants.password import PasswordCredentials

    return PasswordCredentials(parts.authenticator(), _families(parts), parts.ids)


def _client_credentials(_: Parts) -> "GrantType":
    from ..oauth.grants.client_credentials import ClientCredentials

    return ClientCredentials()


def _device_code(parts: Parts) -> "GrantType":
    from ..dynamo.device_codes import DynamoDeviceCodes
    from ..oauth.grants.device_code import DeviceCodeGrant

    return DeviceCodeGrant(DynamoDeviceCodes(parts.tables, parts.ids), _directory(parts), parts.ids)


def _families(parts: Parts) -> "DynamoTokenFamilies":
    from ..dynamo.token_families import DynamoTokenFamilies

    return DynamoTokenFamilies(parts.tables, parts.ids)


def _directory(parts: Parts) -> "DynamoDirectory":
    from ..dynamo.directory import DynamoDirectory

    return DynamoDirectory(parts.tables, parts.clock)
