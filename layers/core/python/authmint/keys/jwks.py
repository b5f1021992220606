"""JSON Web Key Sets (RFC 7517 §5) of a server's published keys."""

from ..storage.servers import AuthorizationServer, SigningKey
from .rotation import in_order


def public_jwk(key: SigningKey) -> dict[str, str]:
    """The key as a verifier sees it; never a private member."""
    return {"kty": key.jwk["kty"], "alg": key.algorithm, "kid": key.kid, "use": "sig", **key.jwk}


def jwks(server: AuthorizationServer) -> dict[str, list[dict[str, str]]]:
    """Every key of the server that is published: NEXT, ACTIVE and EXPIRED ones."""
    return {"keys": [public_jwk(key) for key in in_order(server.keys)]}
