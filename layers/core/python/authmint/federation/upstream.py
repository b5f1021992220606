"""What this service asks a provider itself: tokens for a code, and who that is (docs/protocol.md §37.5)."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from ..ids import Ids
from ..jose.encoding import strict_json
from ..keys.vault import SecretSeals
from ..oauth.client_auth.authentication import ASSERTION_TYPE
from ..oauth.client_auth.jwks_uri import ClientJwks
from ..oauth.errors import OAuthError
from ..oauth.outbound_fetch import Answer, FetchFailed
from ..storage.identity_providers import IdentityProvider
from ..tokens.signer import KeySigner, KeyUnwrapper
from .id_tokens import Expected, check_id_token
from .refusals import NotBelieved, Unreachable

_LONGEST_TOKEN: Final = 16_384
_SECRET: Final = "client_secret"
#: Seconds for which an assertion of ours holds.
_ASSERTED: Final = 60
#: Claims that are believed of an ID token alone.
_SIGNED: Final = frozenset({"amr", "auth_time"})


class Exchange(Protocol):
    """``outbound_fetch.exchange``: guarded, bounded, and without redirects."""

    def __call__(self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """The answer, whatever it is. Raises FetchFailed."""


@dataclass(frozen=True)
class _Tokens:
    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


@dataclass(frozen=True)
class Upstream:
    """Asks providers. Keys are kept for minutes, by address."""

    exchange: Exchange
    seals: SecretSeals
    jwks: ClientJwks
    vault: KeyUnwrapper
    ids: Ids
    _signers: dict[str, KeySigner] = field(default_factory=dict, init=False)

    def claims(
        self, provider: IdentityProvider, code: str, *, verifier: str, nonce: str, redirect_uri: str, now: int
    ) -> Mapping[str, Any]:
        """What a provider says of the user that a code is about, once everything about it is right.

        Args:
            provider: Whose code it is.
            code: From its answer.
            verifier: Of the request's challenge.
            nonce: Of the request.
            redirect_uri: The same.
            now: Unix seconds.

        Raises:
            NotBelieved: It is no proof.
            Unreachable: The provider cannot be asked.
            VaultUnavailable: Our secret there cannot be opened.
        """
        tokens = self._redeemed(provider, code, verifier, redirect_uri, now)

        def keys(kid: str | None) -> Sequence[Mapping[str, Any]]:
            try:
                return self.jwks.keys(provider.upstream.jwks, kid=kid, now=now)
            except OAuthError as error:
                raise Unreachable(f"keys: {error.reason or error.id}") from None

        expected = Expected(nonce, tokens.access_token, keys, now)
        claims = check_id_token(tokens.id_token, provider, expected)
        if provider.upstream.user_info is None or tokens.access_token is None:
            return claims
        said = self._user_info(provider.upstream.user_info, tokens.access_token)
        if said.get("sub") != claims["sub"]:  # OpenID Connect Core §5.3.2: it may be somebody else's
            raise NotBelieved("social_profile_not_fetched", "userinfo: sub")
        # How and when they signed in is what was signed, or nothing.
        return {name: value for name, value in said.items() if name not in _SIGNED} | dict(claims)

    def _redeemed(self, provider: IdentityProvider, code: str, verifier: str, redirect_uri: str, now: int) -> _Tokens:
        upstream = provider.upstream
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        form["code_verifier"] = verifier
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if upstream.auth_method == "private_key_jwt":
            assertion = self._assertion(provider, now)
            form |= {"client_id": upstream.client_id, "client_assertion_type": ASSERTION_TYPE}
            form["client_assertion"] = assertion
        else:
            secret = self.seals.open(provider.id, _SECRET, upstream.secret)
            if upstream.auth_method == "client_secret_basic":  # RFC 6749 §2.3.1: both are encoded first
                pair = f"{quote(upstream.client_id, safe='')}:{quote(secret, safe='')}".encode()
                headers["authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
            else:
                form |= {"client_id": upstream.client_id, "client_secret": secret}
        answer = self._asked("POST", upstream.token, headers, urlencode(form).encode())
        if answer.status != 200:
            raise NotBelieved("invalid_social_token", f"token endpoint: status {answer.status}")
        body = _object(answer, "invalid_social_token", "token endpoint")
        id_token, access_token = body.get("id_token"), body.get("access_token")
        if not isinstance(id_token, str):
            raise NotBelieved("social_profile_not_fetched", "token endpoint: no id_token")
        if access_token is not None and not _is_token(access_token):
            raise NotBelieved("invalid_social_token", "token endpoint: access_token")
        return _Tokens(id_token, access_token)

    def _assertion(self, provider: IdentityProvider, now: int) -> str:
        """Who we are there (RFC 7523 §3, OpenID Connect Core §9), signed by the key that this provider alone knows."""
        upstream, key = provider.upstream, provider.upstream.key
        if key is None:  # nobody can save it so
            raise NotBelieved("invalid_social_token", "no key to sign with")
        signer = self._signers.get(key.kid)
        if signer is None:
            pkcs8 = self.vault.unwrap(provider.id, key.kid, key.wrapped)
            signer = self._signers[key.kid] = KeySigner(key.kid, key.algorithm, pkcs8)
        said = {"iss": upstream.client_id, "sub": upstream.client_id, "aud": upstream.token}
        return signer.sign(said | {"jti": self.ids.opaque(24), "iat": now, "exp": now + _ASSERTED})

    def _user_info(self, uri: str, access_token: str) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {access_token}", "accept": "application/json"}
        answer = self._asked("GET", uri, headers)
        if answer.status != 200:
            raise NotBelieved("social_profile_not_fetched", f"userinfo: status {answer.status}")
        return _object(answer, "social_profile_not_fetched", "userinfo")

    def _asked(self, method: str, uri: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        try:
            answer = self.exchange(method, uri, headers={**headers, "user-agent": "authmint"}, body=body)
        except FetchFailed as error:
            raise Unreachable(str(error)) from None
        if answer.status >= 500 or answer.status == 429:
            raise Unreachable(f"status {answer.status}")
        return answer


def _is_token(text: Any) -> bool:
    """What can stand in a header (RFC 6750 §2.1), and is not out of all proportion."""
    return isinstance(text, str) and 0 < len(text) <= _LONGEST_TOKEN and all("!" <= c <= "~" for c in text)


def _object(answer: Answer, error_id: str, what: str) -> Mapping[str, Any]:
    try:
        body = strict_json(answer.content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise NotBelieved(error_id, f"{what}: not a JSON object")
    return body
