"""What a provider says of itself (OpenID Connect Discovery §3, §4), and which addresses may be asked at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from ..jose.encoding import strict_json
from ..oauth.outbound_fetch import Fetch, FetchFailed, is_public
from ..storage.identity_providers import UpstreamAuthMethod

_PATH: Final = "/.well-known/openid-configuration"
LONGEST_URL: Final = 1_024
METHODS: Final[tuple[UpstreamAuthMethod, ...]] = ("client_secret_basic", "client_secret_post")
NOT_PUBLIC: Final = "must be an https URL of a public host, without user information and without a fragment."


class DiscoveryFailed(Exception):
    """There is no document to go by. The message says why."""


@dataclass(frozen=True)
class Discovered:
    """What a provider says of itself.

    Attributes:
        methods: How clients can prove who they are there; empty: by the one that is the default.
        names_issuer: Its answers say whose they are (RFC 9207 §3).
    """

    authorization: str
    token: str
    jwks: str
    user_info: str | None = None
    end_session: str | None = None
    methods: Sequence[str] = ()
    names_issuer: bool = False

    @property
    def method(self) -> UpstreamAuthMethod | None:
        """How to prove who we are; ``None``: it takes nothing that we can do."""
        if not self.methods:
            return METHODS[0]
        return next((method for method in METHODS if method in self.methods), None)


def is_reachable(url: str, *, allow_private: bool) -> bool:
    """Whether a URL may be asked, as far as its text tells: where its name leads is looked at with every request.

    Args:
        url: What an administrator, or a provider, wrote.
        allow_private: For the local stack only: plain http and private addresses.
    """
    if not url.isascii() or not url.isprintable() or len(url) > LONGEST_URL or any(c in url for c in " #\\"):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.scheme not in {"https", "http" if allow_private else "https"}:
        return False
    if allow_private:
        return True
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        return "." in host.rstrip(".") and not host.rstrip(".").endswith((".localhost", ".local", ".internal"))


def discover(issuer: str, fetch: Fetch, *, allow_private: bool) -> Discovered:
    """Read the document of an issuer, which has to say that it is its own.

    Raises:
        DiscoveryFailed: There is none, or not one to go by.
    """
    try:
        document = strict_json(fetch(issuer.removesuffix("/") + _PATH))
    except FetchFailed as error:
        raise DiscoveryFailed(f"The discovery document of the issuer could not be had: {error}.") from None
    except (ValueError, RecursionError):
        raise DiscoveryFailed("The discovery document of the issuer is no JSON.") from None
    if not isinstance(document, Mapping) or document.get("issuer") != issuer:
        raise DiscoveryFailed("The discovery document is not of this issuer.")

    def url(name: str) -> str | None:
        value: Any = document.get(name)
        if value is not None and not (isinstance(value, str) and is_reachable(value, allow_private=allow_private)):
            raise DiscoveryFailed(f"The discovery document's {name} {NOT_PUBLIC}")
        return value

    authorization, token, jwks = (url(f"{name}") for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
    if authorization is None or token is None or jwks is None:
        raise DiscoveryFailed("The discovery document names no authorization_endpoint, token_endpoint or jwks_uri.")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Discovered(
        authorization,
        token,
        jwks,
        user_info=url("userinfo_endpoint"),
        end_session=url("end_session_endpoint"),
        methods=[str(one) for one in methods] if isinstance(methods, list) else (),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )
