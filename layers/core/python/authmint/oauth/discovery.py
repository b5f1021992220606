"""Discovery documents (OpenID Connect Discovery 1.0, RFC 8414, docs/protocol.md §2).

Nothing that does not work is listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..claims.identity import SYSTEM_CLAIMS
from ..http import Request, Response
from ..ids import Ids
from ..jose.encoding import b64encode
from ..storage.configuration import Configuration
from ..storage.errors import Unavailable
from ..storage.servers import AuthorizationServer, endpoints_of, issuer_of, server_named
from .authorization.vocabulary import FRONT_CHANNEL
from .client_auth.methods import ALGORITHMS
from .form import ID_JAG, JWT_BEARER, TOKEN_EXCHANGE
from .scopes import NOT_SERVED, ORG_SCOPES
from .security_profile import NO_PROFILE, Profile, profile_of, proof_algorithms

MAX_AGE: Final = 300
#: Advertised grants that have a user in them: the OpenID document lists no others (docs/protocol.md §2).
_NOT_FOR_OPENID: Final = frozenset({"client_credentials", TOKEN_EXCHANGE, JWT_BEARER})
#: What only custom servers serve.
_NOT_AT_ORG: Final = frozenset({JWT_BEARER})
_ID_JAG_PROFILE: Final = "urn:ietf:params:oauth:grant-profile:id-jag"


@dataclass(frozen=True)
class Features:
    """What a deployment serves beside the token endpoint. The lists are those that its endpoints check against.

    Attributes:
        response_types: Of the authorization endpoint; none: there is no such endpoint.
        request_algorithms: What request objects may be signed by; none: there are no such objects.
        assurance: Values that ``acr`` can have.
        pushed_requests, device, backchannel, userinfo, sign_out: Whether the endpoint is there.
        mtls_url: Where clients show certificates (RFC 8705); ``None``: nowhere.
        signed_answers: Whether userinfo and introspection sign what they say.
    """

    response_types: Sequence[str] = ()
    response_modes: Sequence[str] = ()
    prompts: Sequence[str] = ()
    challenge_methods: Sequence[str] = ()
    assurance: Sequence[str] = ()
    request_algorithms: Sequence[str] = ()
    pushed_requests: bool = False
    device: bool = False
    backchannel: bool = False
    userinfo: bool = False
    sign_out: bool = False
    signed_answers: bool = False
    mtls_url: str | None = None


@dataclass(frozen=True)
class Capabilities:
    """What the documents say of every server of a deployment."""

    token_grants: Sequence[str]
    auth_methods: Sequence[str]
    features: Features = Features()
    profile: Profile = NO_PROFILE

    def at(self, server: AuthorizationServer) -> "Capabilities":
        """What is left of it at a server."""
        here = tuple(name for name in self.token_grants if not server.is_org or name not in _NOT_AT_ORG)
        return replace(self, token_grants=here).under(profile_of(server))

    def under(self, profile: Profile) -> "Capabilities":
        """What is left of it where a profile is asked of everybody."""
        features = replace(
            self.features,
            response_types=profile.response_types(self.features.response_types),
            response_modes=profile.response_modes(self.features.response_modes),
            request_algorithms=profile.algorithms(self.features.request_algorithms),
        )
        grants, methods = profile.grant_types(self.token_grants), profile.auth_methods(self.auth_methods)
        return Capabilities(grants, methods, features, profile)

    @property
    def response_types(self) -> tuple[str, ...]:
        """Without those whose code nobody could redeem."""
        redeemable = "authorization_code" in self.token_grants
        return tuple(words for words in self.features.response_types if redeemable or "code" not in words.split())

    @property
    def grant_types(self) -> tuple[str, ...]:
        """With ``implicit``, which never comes to the token endpoint."""
        if not any(FRONT_CHANNEL.intersection(words.split()) for words in self.response_types):
            return tuple(self.token_grants)
        first = [name for name in self.token_grants if name == "authorization_code"]
        return (*first, "implicit", *(name for name in self.token_grants if name != "authorization_code"))

    @property
    def has_users(self) -> bool:
        """Whether any token is a person's."""
        return any(name not in _NOT_FOR_OPENID for name in self.grant_types)

    def scopes(self, server: AuthorizationServer) -> list[str]:
        """Published ones that somebody can get."""
        hidden = set(NOT_SERVED)
        if "refresh_token" not in self.token_grants:
            hidden.add("offline_access")
        published = [scope for scope in server.scopes if scope.metadata_publish == "ALL_CLIENTS"]
        named = [s.name for s in published if not s.system or (self.has_users and s.name not in hidden)]
        return [*named, *ORG_SCOPES] if server.is_org and self.has_users else named

    def authentication(self, endpoint: str) -> dict[str, list[str]]:
        """How clients authenticate there: the algorithms too, where a method has any (RFC 8414 §2)."""
        members = {f"{endpoint}_endpoint_auth_methods_supported": list(self.auth_methods)}
        if algorithms := [name for method in ALGORITHMS if method in self.auth_methods for name in ALGORITHMS[method]]:
            taken = list(self.profile.algorithms(algorithms))
            members[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = taken
        return members


def oauth_metadata(server: AuthorizationServer, base_url: str, served: Capabilities) -> dict[str, Any]:
    """RFC 8414 metadata of one server."""
    endpoints, features = endpoints_of(server, base_url), served.features
    people = ("uid",) if served.has_users else ()
    metadata: dict[str, Any] = {
        "issuer": issuer_of(server, base_url),
        "token_endpoint": f"{endpoints}/v1/token",
        "jwks_uri": f"{endpoints}/v1/keys",
        "response_types_supported": list(served.response_types),
        "response_modes_supported": list(features.response_modes),
        "grant_types_supported": list(served.grant_types),
        "subject_types_supported": ["public"],
        "scopes_supported": served.scopes(server),
        **served.authentication("token"),
        "claims_supported": ["ver", "jti", "iss", "aud", "iat", "exp", "cid", *people, "scp", "sub"],
        "introspection_endpoint": f"{endpoints}/v1/introspect",
        **served.authentication("introspection"),
        "revocation_endpoint": f"{endpoints}/v1/revoke",
        **served.authentication("revocation"),
        "dpop_signing_alg_values_supported": list(proof_algorithms(server)),
        "claims_parameter_supported": False,
        "request_parameter_supported": bool(features.request_algorithms),
        "request_uri_parameter_supported": False,  # left out it would mean true (OpenID Connect Discovery §3)
    }
    if served.response_types:
        metadata |= {
            "authorization_endpoint": f"{endpoints}/v1/authorize",
            "code_challenge_methods_supported": list(features.challenge_methods),
            "prompt_values_supported": list(features.prompts),
            "acr_values_supported": list(features.assurance),
            "authorization_response_iss_parameter_supported": True,
            "authorization_signing_alg_values_supported": [server.active_key.algorithm],
        }
    if server.registration.dynamic != "OFF":
        metadata["registration_endpoint"] = f"{endpoints}/v1/register"
    elif server.registration.metadata_documents == "OFF":
        # Where clients bring documents, one that needs an administrator's token would only stop them.
        metadata["registration_endpoint"] = f"{base_url}/oauth2/v1/clients"
    if server.registration.metadata_documents != "OFF":
        metadata["client_id_metadata_document_supported"] = True
    paths = {
        "pushed_authorization_request_endpoint": ("par", features.pushed_requests),
        "device_authorization_endpoint": ("device/authorize", features.device),
        "end_session_endpoint": ("logout", features.sign_out),
    }
    if features.request_algorithms:
        metadata["request_object_signing_alg_values_supported"] = list(features.request_algorithms)
    if features.request_algorithms and served.profile.signed:
        metadata["require_signed_request_object"] = True
    if features.pushed_requests and served.profile.strict:
        metadata["require_pushed_authorization_requests"] = True
    metadata |= _assertions_of_identity(server, served)
    if features.signed_answers:
        metadata["introspection_signing_alg_values_supported"] = [server.active_key.algorithm]
    if features.sign_out and served.has_users:
        metadata |= {"backchannel_logout_supported": True, "backchannel_logout_session_supported": True}
    metadata |= _backchannel(features, endpoints) | _mutual_tls(server, features)
    return metadata | {name: f"{endpoints}/v1/{path}" for name, (path, there) in paths.items() if there}


def _assertions_of_identity(server: AuthorizationServer, served: Capabilities) -> dict[str, list[str]]:
    """Whether the server tells others who signed in, and whether it is told (docs/protocol.md §45)."""
    if server.is_org:
        told = TOKEN_EXCHANGE in served.token_grants
        return {"identity_chaining_requested_token_types_supported": [ID_JAG]} if told else {}
    trusts = any(one.use == "ID_JAG" and one.status == "ACTIVE" for one in server.trusted_issuers)
    listed = trusts and JWT_BEARER in served.token_grants
    return {"authorization_grant_profiles_supported": [_ID_JAG_PROFILE]} if listed else {}


def _backchannel(features: Features, endpoints: str) -> dict[str, Any]:
    """Of authentication requests without a browser (OpenID CIBA Core §4)."""
    if not features.backchannel:
        return {}
    return {
        "backchannel_authentication_endpoint": f"{endpoints}/v1/bc/authorize",
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": False,
        "backchannel_authentication_request_signing_alg_values_supported": list(features.request_algorithms),
    }


def _mutual_tls(server: AuthorizationServer, features: Features) -> dict[str, Any]:
    """Of clients that show certificates (RFC 8705 §3.3, §5)."""
    if features.mtls_url is None:
        return {}
    endpoints = endpoints_of(server, features.mtls_url)
    paths = {
        "token": ("token", True),
        "revocation": ("revoke", True),
        "introspection": ("introspect", True),
        "pushed_authorization_request": ("par", features.pushed_requests),
        "device_authorization": ("device/authorize", features.device),
        "userinfo": ("userinfo", features.userinfo),
        "backchannel_authentication": ("bc/authorize", features.backchannel),
    }
    aliases = {f"{name}_endpoint": f"{endpoints}/v1/{path}" for name, (path, there) in paths.items() if there}
    return {"mtls_endpoint_aliases": aliases, "tls_client_certificate_bound_access_tokens": True}


def openid_metadata(server: AuthorizationServer, base_url: str, served: Capabilities) -> dict[str, Any]:
    """OpenID provider metadata of one server."""
    metadata = oauth_metadata(server, base_url, served)
    metadata["grant_types_supported"] = [name for name in served.grant_types if name not in _NOT_FOR_OPENID]
    metadata["response_types_supported"] = [words for words in served.response_types if words != "token"]
    metadata["id_token_signing_alg_values_supported"] = [server.active_key.algorithm]
    if served.has_users:
        metadata["claims_supported"] = [*ID_TOKEN_CLAIMS, *SYSTEM_CLAIMS]
    if served.features.userinfo:
        metadata["userinfo_endpoint"] = f"{endpoints_of(server, base_url)}/v1/userinfo"
    if served.features.userinfo and served.features.signed_answers:
        metadata["userinfo_signing_alg_values_supported"] = [server.active_key.algorithm]
    return metadata


#: Of the protocol, in ID tokens; a test mints one and compares.
ID_TOKEN_CLAIMS: Final = (
    "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "acr", "sid", "at_hash",
    "c_hash",
)  # fmt: skip


class Discovery:
    """GET of the well-known documents of a server."""

    def __init__(
        self,
        configuration: Configuration,
        ids: Ids,
        *,
        grant_types: Sequence[str],
        auth_methods: Sequence[str],
        features: Features = Features(),
    ) -> None:
        """``grant_types``: those of the token endpoint."""
        self._configuration = configuration
        self._ids = ids
        self._served = Capabilities(grant_types, auth_methods, features)

    def __call__(self, request: Request) -> Response:
        """The document, or 404 in the management API's shape (docs/protocol.md §2)."""
        server_id = request.path_parameters.get("authServerId")
        try:
            snapshot = self._configuration.read(server_named(server_id), request.query_value("client_id"))
        except Unavailable as error:
            return unavailable(self._ids, error)
        if snapshot.server is None or snapshot.server.status != "ACTIVE":
            return not_found(server_id or "", self._ids)
        if request.query_value("client_id") is not None and snapshot.client is None:
            return _envelope(400, "invalid_client", "Invalid value for `client_id` parameter", self._ids)
        build = openid_metadata if "openid-configuration" in request.path else oauth_metadata
        served = self._served.at(snapshot.server)
        document = build(snapshot.server, request.base_url, served)
        return Response.json(200, document, (("cache-control", f"public, max-age={MAX_AGE}"),))


def not_found(server_id: str, ids: Ids) -> Response:
    """404 for an unknown or inactive server (docs/protocol.md §1.3)."""
    summary = f"Not found: Resource not found: {server_id} (AuthorizationServer)"
    return _envelope(404, "E0000007", summary, ids)


def unavailable(ids: Ids, fault: BaseException) -> Response:
    """503: storage could not answer."""
    answer = _envelope(503, "E0000010", "Service is temporarily unavailable. Try again later.", ids)
    return answer.with_headers(("retry-after", "2")).because_of(fault)


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
    return Response.json(status, body, (("cache-control", "no-store"),))


def etag(body: bytes) -> str:
    """A strong validator of a document (RFC 9110 §8.8.3)."""
    import hashlib

    return f'"{b64encode(hashlib.sha256(body).digest()[:12])}"'
