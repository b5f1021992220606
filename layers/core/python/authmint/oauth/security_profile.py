"""Security profiles: what FAPI 2.0 asks of requests beyond what everybody is asked (docs/protocol.md §30).

A server has one and a client has one, and the stricter of the two counts. This is all that they say: the endpoints,
discovery and the management API ask here, and do not know a profile by its name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..storage.clients import Client
from ..storage.servers import AuthorizationServer, SecurityProfile

#: What a strict profile takes signatures by (FAPI 2.0 Security Profile §5.4).
STRONG: Final = ("PS256", "ES256", "EdDSA", "Ed25519")
_AUTH_METHODS: Final = frozenset({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})
_RESPONSE_TYPES: Final = frozenset({"code"})
_RESPONSE_MODES: Final = frozenset({"query", "form_post", "jwt", "query.jwt", "form_post.jwt"})
#: No password goes through a client, and no token through a browser.
_NO_GRANT_TYPES: Final = frozenset({"password", "implicit"})
#: Seconds (FAPI 2.0 Security Profile §5.3.2.1).
_CODE_LIFETIME: Final = 60
_PUSHED_LIFETIME: Final = 300
_THIS_MACHINE: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?(/.*)?")


@dataclass(frozen=True)
class Profile:
    """What is asked of requests.

    Attributes:
        strict: FAPI 2.0 Security Profile: pushed requests for codes with PKCE, https, clients that prove themselves by
            keys, and tokens bound to keys.
        signed: FAPI 2.0 Message Signing: requests are signed, and answers where the client says so.
    """

    strict: bool = False
    signed: bool = False

    def algorithms(self, known: Iterable[str]) -> tuple[str, ...]:
        """Of signature algorithms, those that are taken."""
        return tuple(name for name in known if not self.strict or name in STRONG)

    def auth_methods(self, known: Iterable[str]) -> tuple[str, ...]:
        """Of methods of client authentication, those that are taken."""
        return tuple(name for name in known if not self.strict or name in _AUTH_METHODS)

    def grant_types(self, known: Iterable[str]) -> tuple[str, ...]:
        """Of grant types, those that clients may use."""
        return tuple(name for name in known if not self.strict or name not in _NO_GRANT_TYPES)

    def response_types(self, known: Iterable[str]) -> tuple[str, ...]:
        """Of response types, those that may be asked for."""
        return tuple(name for name in known if not self.strict or name in _RESPONSE_TYPES)

    def response_modes(self, known: Iterable[str]) -> tuple[str, ...]:
        """Of response modes, those that may be asked for."""
        return tuple(name for name in known if not self.strict or name in _RESPONSE_MODES)

    def code_lifetime(self, usual: int) -> int:
        """Seconds that a code lives."""
        return min(usual, _CODE_LIFETIME) if self.strict else usual

    def pushed_lifetime(self, usual: int) -> int:
        """Seconds that a pushed request waits for its browser."""
        return min(usual, _PUSHED_LIFETIME) if self.strict else usual

    def may_redirect(self, uri: str, issuer: str) -> bool:
        """Whether answers may go to a redirect URI: by https, but for where everything is on one machine."""
        return not self.strict or uri.startswith("https://") or (is_this_machine(issuer) and is_this_machine(uri))


NO_PROFILE: Final = Profile()
_PROFILES: Final[dict[SecurityProfile, Profile]] = {
    "NONE": NO_PROFILE,
    "FAPI2": Profile(strict=True),
    "FAPI2_MESSAGE_SIGNING": Profile(strict=True, signed=True),
}
#: The most lenient first.
NAMES: Final = tuple(_PROFILES)


def profile_named(name: SecurityProfile) -> Profile:
    """What a profile asks."""
    return _PROFILES[name]


def profile_of(server: AuthorizationServer, client: Client | None = None) -> Profile:
    """What counts for a client at a server; without one: for everybody there."""
    of_client: SecurityProfile = "NONE" if client is None else client.security_profile
    if server.security_profile == of_client:
        return _PROFILES[of_client]
    return _PROFILES[max(server.security_profile, of_client, key=NAMES.index)]


def needs_proof(server: AuthorizationServer, client: Client) -> bool:
    """Whether all tokens of a client at a server are bound to a key that it proves (RFC 9449).

    A profile is content with tokens that are bound to a certificate.
    """
    if server.dpop_required or client.dpop_bound:
        return True
    return profile_of(server, client).strict and not client.certificate_bound


def has_bound_tokens(server: AuthorizationServer, client: Client) -> bool:
    """Whether all tokens of a client at a server are bound, to a key or to a certificate (RFC 8705)."""
    return client.certificate_bound or needs_proof(server, client)


def needs_push(server: AuthorizationServer, client: Client) -> bool:
    """Whether a client may send authorization requests to a server in no other way than by pushing them (RFC 9126)."""
    return client.pushes_only or profile_of(server, client).strict


def needs_signature(server: AuthorizationServer, client: Client) -> bool:
    """Whether a client may send authorization requests to a server in no other way than signed (RFC 9101 §10.5)."""
    return client.signs_only or profile_of(server, client).signed


def proof_algorithms(server: AuthorizationServer, client: Client | None = None) -> tuple[str, ...]:
    """What proofs of possession may be signed with."""
    return profile_of(server, client).algorithms(server.dpop_algorithms)


def is_this_machine(uri: str) -> bool:
    """Whether an URI leads, without TLS, to the very machine that asks: a local stack, or an application at it."""
    return _THIS_MACHINE.fullmatch(uri) is not None
