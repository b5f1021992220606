"""How clients can prove who they are: the lists that the proof is checked against and that discovery shows."""

from typing import Final

#: In the order of documents (RFC 7591 §2).
METHODS: Final = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
#: What else there is where clients show certificates (RFC 8705 §2).
TLS_METHODS: Final = ("tls_client_auth", "self_signed_tls_client_auth")
#: Methods by which a client asserts something that it signed (RFC 7523), and what it may sign with.
ALGORITHMS: Final = {
    "client_secret_jwt": ("HS256", "HS384", "HS512"),
    "private_key_jwt": ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA", "Ed25519"),
}
#: What clients may sign requests by (RFC 9101).
REQUEST_ALGORITHMS: Final = tuple(name for names in ALGORITHMS.values() for name in names)
