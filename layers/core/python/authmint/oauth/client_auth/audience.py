"""``aud`` of client assertions: for whom an assertion may be (RFC 7523 §3, RFC 9126 §2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...storage.servers import AuthorizationServer, endpoints_of, issuer_of
from ..security_profile import Profile


@dataclass(frozen=True)
class Audiences:
    """Whom assertions may be for.

    Attributes:
        uris: What they may name.
        as_text: Whether they must name it as a text, and not in an array (FAPI 2.0 Security Profile §5.3.2.1).
    """

    uris: frozenset[str]
    as_text: bool = False

    def are_named_by(self, audience: Any) -> bool:
        """Whether ``aud`` is one of these: a text, or an array of exactly one.

        With several, the assertion could be meant for another server too, and be replayed there.
        """
        if isinstance(audience, list) and len(audience) == 1 and not self.as_text:
            audience = audience[0]
        return isinstance(audience, str) and audience in self.uris


def audiences_of(server: AuthorizationServer, base_url: str, paths: Iterable[str], profile: Profile) -> Audiences:
    """The issuer, and the endpoints at these paths below the server; under a strict profile the issuer alone.

    A client can be told a foreign server's endpoint for ours, but not a foreign issuer: it knows who it talks to.
    """
    issuer = issuer_of(server, base_url)
    if profile.strict:
        return Audiences(frozenset({issuer}), as_text=True)
    endpoints = endpoints_of(server, base_url)
    return Audiences(frozenset({issuer, *(endpoints + path for path in paths)}))
