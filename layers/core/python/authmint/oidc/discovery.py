"""Discovery documents (OpenID Connect Discovery 1.0, RFC 8414, runtime contract §2).

Nothing that does not work is listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..http import Request, Response
from ..ids import Ids
from ..jose.encoding import b64encode
from ..storage.configuration import Configuration
from ..storage.errors import Unavailable
from ..storage.servers import AuthorizationServer, server_named
from ..tokens.access_token import endpoints_of, issuer_of

MAX_AGE: Final = 300
#: Advertised grants that have a user in them: the OpenID document lists no others (§2.2).
_NOT_FOR_OPENID: Final = frozenset({"client_credentials"})
CORS: Final = (("access-control-allow-origin", "*"),)


@dataclass(frozen=True)
class Supported:
    """What the endpoints of a deployment understand: taken from the registries that they check against."""

    grant_types: Sequence[str]
    auth_methods: Sequence[str]
    response_types: Sequence[str] = ()
    response_modes: Sequence[str] = ()
    challenge_methods: Sequence[str] = ()


ASSERTION_ALGORITHMS: Final = (
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA",
)  # fmt: skip
_OPENID_CLAIMS: Final = (
    "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname",
    "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile", "zoneinfo",
    "locale", "address", "phone_number", "picture", "website", "gender", "birthdate", "updated_at", "at_hash", "c_hash",
)  # fmt: skip


def oauth_metadata(server: AuthorizationServer, base_url: str, supported: Supported) -> dict[str, Any]:
    """RFC 8414 metadata of one server."""
    endpoints, methods = endpoints_of(server, base_url), list(supported.auth_methods)
    published = [s.name for s in server.scopes if s.metadata_publish == "ALL_CLIENTS"]
    return {
        "issuer": issuer_of(server, base_url),
        "authorization_endpoint": f"{endpoints}/v1/authorize",
        "token_endpoint": f"{endpoints}/v1/token",
        "registration_endpoint": f"{base_url}/oauth2/v1/clients",
        "jwks_uri": f"{endpoints}/v1/keys",
        "response_types_supported": list(supported.response_types),
        "response_modes_supported": list(supported.response_modes),
        "grant_types_supported": list(supported.grant_types),
        "subject_types_supported": ["public"],
        "scopes_supported": published,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "claims_supported": ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"],
        "code_challenge_methods_supported": list(supported.challenge_methods),
        "introspection_endpoint": f"{endpoints}/v1/introspect",
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": f"{endpoints}/v1/revoke",
        "revocation_endpoint_auth_methods_supported": methods,
        "end_session_endpoint": f"{endpoints}/v1/logout",
        "request_parameter_supported": False,
        "device_authorization_endpoint": f"{endpoints}/v1/device/authorize",
        "pushed_authorization_request_endpoint": f"{endpoints}/v1/par",
        "authorization_response_iss_parameter_supported": True,
    }


def openid_metadata(server: AuthorizationServer, base_url: str, supported: Supported) -> dict[str, Any]:
    """OpenID provider metadata of one server."""
    metadata = oauth_metadata(server, base_url, supported)
    return metadata | {
        "userinfo_endpoint": f"{endpoints_of(server, base_url)}/v1/userinfo",
        # Without an ID token nothing of OpenID Connect is in the answer.
        "response_types_supported": [name for name in supported.response_types if name != "token"],
        "grant_types_supported": [name for name in supported.grant_types if name not in _NOT_FOR_OPENID],
        "id_token_signing_alg_values_supported": [server.active_key.algorithm],
        "claims_supported": list(_OPENID_CLAIMS),
    }


class Discovery:
    """GET of the well-known documents of a server."""

    def __init__(
        self,
        configuration: Configuration,
        ids: Ids,
        supported: Supported,
    ) -> None:
        self._configuration = configuration
        self._ids = ids
        self._supported = supported

    def __call__(self, request: Request) -> Response:
        """The document, or 404 in the management API's shape (§2.1)."""
        server_id = request.path_parameters.get("authServerId")
        try:
            snapshot = self._configuration.read(server_named(server_id), request.query_value("client_id"))
        except Unavailable:
            return unavailable(self._ids)
        if snapshot.server is None or snapshot.server.status != "ACTIVE":
            return not_found(server_id or "", self._ids)
        if request.query_value("client_id") is not None and snapshot.client is None:
            return _envelope(400, "invalid_client", "Invalid value for `client_id` parameter", self._ids)
        build = openid_metadata if "openid-configuration" in request.path else oauth_metadata
        document = build(snapshot.server, request.base_url, self._supported)
        return Response.json(200, document, (("cache-control", f"public, max-age={MAX_AGE}"), *CORS))


def not_found(server_id: str, ids: Ids) -> Response:
    """404 for an unknown or inactive server (DEC-1)."""
    summary = f"Not found: Resource not found: {server_id} (AuthorizationServer)"
    return _envelope(404, "E0000007", summary, ids)


def unavailable(ids: Ids) -> Response:
    """503: storage could not answer."""
    answer = _envelope(503, "E0000010", "Service is temporarily unavailable. Try again later.", ids)
    return answer.with_headers(("retry-after", "2"))


def internal_error(ids: Ids) -> Response:
    """500: a fault of ours; the log has it under its request id."""
    return _envelope(500, "E0000009", "Internal Server Error", ids)


def _envelope(status: int, code: str, summary: str, ids: Ids) -> Response:
    body = {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": f"oae{ids.opaque(16)}",
        "errorCauses": [],
    }
    return Response.json(status, body, (("cache-control", "no-store"), *CORS))


def etag(body: bytes) -> str:
    """A strong validator of a document (RFC 9110 §8.8.3)."""
    import hashlib

    return f'"{b64encode(hashlib.sha256(body).digest()[:12])}"'
