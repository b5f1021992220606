"""Requests to a provider that browsers carry (OpenID Connect Core §3.1.2.1, docs/protocol.md §37.4)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from ..ids import Ids
from ..jose.encoding import b64encode
from ..storage.clients import secret_digest
from ..storage.federated_requests import FederatedRequest, FederatedRequests
from ..storage.identity_providers import IdentityProvider

#: Where the answers of every provider come back.
CALLBACK: Final = "/oauth2/v1/authorize/callback"
#: Seconds that somebody may take there.
LIFETIME: Final = 600
_LONGEST_HINT: Final = 320
_LONGEST_SCOPES: Final = 1_000


@dataclass(frozen=True)
class Browser:
    """Who is sent. ``secret``: the value of the cookie that names the browser; ``digest``: of that."""

    secret: str = field(repr=False)
    digest: str

    def made(self, purpose: str, state: str) -> str:
        """43 characters that only this browser's cookie and the request's ``state`` make together."""
        # Nobody who reads the answer on its way has the cookie, and nobody who reads our storage has either.
        text = f"federation\n{purpose}\n{state}".encode()
        return b64encode(hmac.digest(self.secret.encode("utf-8", "surrogatepass"), text, hashlib.sha256))

    def nonce(self, state: str) -> str:
        """What the ID token has to say."""
        return self.made("nonce", state)

    def verifier(self, state: str) -> str:
        """What redeems the code (RFC 7636 §4.1)."""
        return self.made("verifier", state)


@dataclass(frozen=True)
class Wanted:
    """What the browser comes for.

    Attributes:
        onward: Where it goes in the end.
        again: The user has to sign in anew there.
        login_hint: Who it probably is.
        scopes: Beside those of the provider.
    """

    onward: Mapping[str, str]
    again: bool = False
    login_hint: str | None = None
    scopes: str = ""


@dataclass(frozen=True)
class Asking:
    """Sends browsers to providers."""

    requests: FederatedRequests
    ids: Ids

    def uri(self, provider: IdentityProvider, browser: Browser, wanted: Wanted, *, base_url: str, now: int) -> str:
        """Where to send the browser. Raises Unavailable."""
        state, upstream = self.ids.opaque(32), provider.upstream
        self.requests.add(
            FederatedRequest(
                digest=secret_digest(state),
                idp_id=provider.id,
                fingerprint=upstream.fingerprint,
                browser=browser.digest,
                created_at=now,
                expires_at=now + LIFETIME,
                onward=dict(wanted.onward),
                again=wanted.again,
            )
        )
        challenge = b64encode(hashlib.sha256(browser.verifier(state).encode()).digest())
        query = {
            "response_type": "code",
            "client_id": upstream.client_id,
            "redirect_uri": base_url + CALLBACK,
            "scope": " ".join(dict.fromkeys((*upstream.scopes, *wanted.scopes[:_LONGEST_SCOPES].split()))),
            "state": state,
            "nonce": browser.nonce(state),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if wanted.again:
            query["prompt"] = "login"
        if wanted.login_hint:
            query["login_hint"] = wanted.login_hint[:_LONGEST_HINT]
        separator = "&" if urlsplit(upstream.authorization).query else "?"
        return f"{upstream.authorization}{separator}{urlencode(query)}"
