"""Resource indicators (RFC 8707, docs/protocol.md §8.5): which registered resource a request means, and its scopes.

Clients do not write a resource as it was registered: URL classes add a slash, some name the origin alone, some add a
query. So the comparison forgives that, and tokens are for the registered text alone: a client chooses among registered
audiences, and never writes one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..storage.servers import AuthorizationServer, Resource
from .errors import OAuthError
from .scopes import OPENID_SCOPES

#: Characters of a resource's URI.
LONGEST: Final = 512
#: Resources that one authorization can be for.
MOST: Final = 10
#: URI characters (RFC 3986 §2) without ``#``: a resource has no fragment (RFC 8707 §2).
_URI: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?=[^?])(?://(?P<authority>[^/?]*))?(?P<path>[^?]*)(?:\?(?P<query>.*))?"
)
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::([0-9]*))?")
_PORTS: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class Canonical:
    """A URI as it is compared. ``origin`` is empty where it has none: of others than http and https.

    Attributes:
        start: Scheme, and authority where there is one.
        query: With its question mark.
    """

    start: str
    path: str
    query: str
    origin: str


@lru_cache(maxsize=1_024)
def canonical(uri: str) -> Canonical | None:
    """A URI as it is compared; ``None``: it can be no resource's."""
    parts = _URI.fullmatch(uri) if len(uri) <= LONGEST and _CHARACTERS.fullmatch(uri) else None
    if parts is None:
        return None
    scheme, authority, path = parts["scheme"].lower(), parts["authority"], parts["path"]
    query = "" if parts["query"] is None else f"?{parts['query']}"
    if authority is None:
        return None if scheme in _PORTS else Canonical(f"{scheme}:", path, query, "")
    origin = ""
    if scheme in _PORTS:
        host = _HOST.fullmatch(authority.lower())
        if host is None or "@" in authority:
            return None
        port = "" if host[2] in {None, "", _PORTS[scheme]} else f":{host[2]}"
        authority = host[1] + port
        origin = f"{scheme}://{authority}"
    elif not authority or "@" in authority:
        return None
    path = path or "/"
    if path != "/":
        path = path.removesuffix("/")
    return Canonical(f"{scheme}://{authority}", path, query, origin)


def matched(asked: str, server: AuthorizationServer) -> Resource:
    """The registered resource that a client means.

    Raises:
        OAuthError: ``invalid_target``: malformed, of none, or of more than one.
    """
    wanted = canonical(asked)
    if wanted is None:
        raise _rejected(asked, reason="malformed")
    known = [(canonical(resource.uri), resource) for resource in server.resources if resource.status == "ACTIVE"]
    for query in (wanted.query, ""):
        for form, resource in known:
            if form is not None and (form.start, form.path, form.query) == (wanted.start, wanted.path, query):
                return resource
    if wanted.path == "/" and wanted.origin:
        there = [resource for form, resource in known if form is not None and form.origin == wanted.origin]
        if len(there) == 1:
            return there[0]
        if there:
            raise _rejected(
                asked, f" is the origin of {' and '.join(resource.uri for resource in there[:5])}: name one"
            )
    raise _rejected(asked, reason="no resource of the server")


def _rejected(asked: str, why: str = "", *, reason: str | None = None) -> OAuthError:
    return OAuthError("unsupported_resource", f"'{asked[:LONGEST]}'{why}", reason=reason)


def named(server: AuthorizationServer, asked: Sequence[str], *, most: int = MOST) -> tuple[Resource, ...]:
    """The resources that a request names, in its order, without repetitions.

    Raises:
        OAuthError: ``invalid_target``: too many, unknown ones, or the server does not take any.
    """
    if asked and not server.resource_indicators:
        reason = "the setting resourceIndicators of the server is OFF"
        raise OAuthError("unsupported_resource", "resource indicators are not supported", reason=reason)
    if len(asked) > most:
        raise OAuthError("too_many_resources", str(most))
    return tuple(dict.fromkeys(matched(value, server) for value in asked))


def chosen(server: AuthorizationServer, asked: Sequence[str], granted: Sequence[str] | None) -> Resource | None:
    """The one resource that the tokens of a token request are for; ``None``: the server's audience.

    Args:
        server: As it is now.
        asked: By the token request.
        granted: URIs that the authorization is for; none: it named none; ``None``: nothing was granted before.

    Raises:
        OAuthError: ``invalid_target``. Nothing is used up by it.
    """
    default = server.default_resource
    if resources := named(server, asked, most=1):
        allowed = granted or ([] if default is None else [default.uri])
        if granted is not None and resources[0].uri not in allowed:
            raise OAuthError("mismatched_resource")
        return resources[0]
    if not granted:
        return default
    if len(granted) > 1:
        raise OAuthError("resource_required", ", ".join(granted))
    for resource in server.resources if server.resource_indicators else ():
        if resource.uri == granted[0] and resource.status == "ACTIVE":
            return resource
    raise _rejected(granted[0], " is not served any more")


def allows(resource: Resource, scope: str) -> bool:
    """Whether tokens for a resource may hold a scope: those of OpenID Connect are of no resource."""
    return not resource.scopes or scope in resource.scopes or scope in OPENID_SCOPES


def narrowed(scopes: tuple[str, ...], resources: Sequence[Resource]) -> tuple[str, ...]:
    """The scopes that at least one of the resources allows; all, where there is no resource.

    Raises:
        OAuthError: ``invalid_scope``: those about a resource were asked for, and none of them is left.
    """
    if not resources:
        return scopes
    left = tuple(name for name in scopes if any(allows(resource, name) for resource in resources))
    if not OPENID_SCOPES.issuperset(scopes) and OPENID_SCOPES.issuperset(left):
        raise OAuthError("no_scope_for_resource", reason=f"of {', '.join(resource.uri for resource in resources)}")
    return left


def targets(
    server: AuthorizationServer, asked: Sequence[str], scopes: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """URIs of the resources that a request names, and the scopes that are left for them. Raises OAuthError."""
    found = named(server, asked)
    return tuple(resource.uri for resource in found), narrowed(scopes, found)
