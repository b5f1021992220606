"""A deployment as its clients meet it: whether it is who it says, and whether what stands in front passes all on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ..remote import Answer, Remote, RemoteFailed
from .findings import Finding, verdict

#: Seconds; client assertions may be as much ahead.
_MOST_SKEW: Final = 15
#: A server that nobody has, whose name shows how often a path is decoded on its way.
_PROBE: Final = "doctor a%2Fb"
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


def outside(remote: Remote, server: str, *, now: datetime) -> Iterator[Finding]:
    """Every check that needs no credentials."""
    base = f"/oauth2/{quote(server, safe='')}"
    try:
        answer = remote.send("GET", f"{base}/.well-known/oauth-authorization-server")
    except RemoteFailed as error:
        yield Finding("reachable", "bad", str(error), "check the URL, the domain's record and its certificate")
        return
    if answer.status != 200:
        yield Finding("reachable", "bad", f"status {answer.status}: {answer.body[:200]!r}", _unreachable(answer))
        return
    yield Finding("reachable", "good", remote.url)
    document = answer.json()
    yield from _transport(remote, answer, now)
    issuer = f"{remote.url}{base}"
    yield verdict(
        "issuer",
        document.get("issuer") == issuer or _is_id_of(document.get("issuer"), remote.url, server),
        str(document.get("issuer")),
        f"clients that come by {issuer} refuse this: set DomainName to the host that they use, or give that as --url",
    )
    yield from _key_set(remote, document)
    yield from _challenge(remote, base)
    yield _paths(remote)


def _is_id_of(issuer: Any, url: str, server: str) -> bool:
    """The server named ``default`` says its id."""
    return server == "default" and str(issuer).startswith(f"{url}/oauth2/")


def _unreachable(answer: Answer) -> str:
    if answer.status == 403:
        return (
            "EdgeSecret is set and this did not come through CloudFront: give the domain as --url, or see whether "
            "both stacks have the same secret"
        )
    if answer.status == 404:
        return "deploy, bootstrap (docs/operations.md), or name a server that is there with --server"
    return "see which alarm is on, and the functions' lines of level ERROR"


def _transport(remote: Remote, answer: Answer, now: datetime) -> Iterator[Finding]:
    parts = urlsplit(remote.url)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    yield verdict(
        "transport", parts.scheme == "https" or local, parts.scheme, "tokens must not travel in the clear: use https"
    )
    said = answer.headers.get("date")
    if said is not None:
        skew = abs((parsedate_to_datetime(said).astimezone(UTC) - now).total_seconds())
        yield verdict("clock", skew <= _MOST_SKEW, f"{skew:.0f} s apart", "set this machine's clock")


def _key_set(remote: Remote, document: Any) -> Iterator[Finding]:
    uri = str(document.get("jwks_uri"))
    try:
        answer = remote.send("GET", uri)
        keys = answer.json()["keys"] if answer.status == 200 else []
    except (RemoteFailed, KeyError, TypeError) as error:
        yield Finding("key set", "bad", f"{uri}: {error}", "the issuer's host is not the one that clients use")
        return
    leaked = [key.get("kid") for key in keys if _PRIVATE & key.keys()]
    yield verdict(
        "key set", bool(keys) and not leaked, f"status {answer.status}, {len(keys)} keys", "authmint keys doctor"
    )
    caching = answer.headers.get("cache-control", "")
    yield verdict(
        "key set, caching",
        "max-age=" in caching and "etag" in answer.headers,
        caching or "no cache-control",
        "something in front removes cache-control or etag: verifiers would fetch keys for every token",
    )
    yield verdict(
        "key set, scripts",
        answer.headers.get("access-control-allow-origin") == "*",
        str(answer.headers.get("access-control-allow-origin")),
        "something in front removes CORS headers: applications in browsers cannot verify tokens",
    )
    again = remote.send("GET", uri, headers={"if-none-match": answer.headers.get("etag", "")})
    yield verdict(
        "request headers",
        again.status == 304,
        f"If-None-Match: status {again.status}",
        "something in front removes request headers; let every header pass",
    )


def _challenge(remote: Remote, base: str) -> Iterator[Finding]:
    """RFC 6750 §3: clients read there that their token is missing or over."""
    answer = remote.send("GET", f"{base}/v1/userinfo")
    renamed = "x-amzn-remapped-www-authenticate" in answer.headers
    yield verdict(
        "WWW-Authenticate",
        answer.status == 401 and "www-authenticate" in answer.headers and not renamed,
        "renamed to x-amzn-remapped-www-authenticate" if renamed else f"status {answer.status}",
        "API Gateway renames the header: let CloudFront (a response function) name it back",
    )


def _paths(remote: Remote) -> Finding:
    """Ids may hold what means something in a path. A gateway decodes once, or all but ``%25``, which is undone."""
    answer = remote.send("GET", f"/oauth2/{quote(_PROBE, safe='')}/v1/keys")
    return verdict(
        "paths",
        answer.status == 404 and _PROBE in answer.body.decode("utf-8", "replace"),
        f"status {answer.status}: {answer.body[:120].decode('utf-8', 'replace')}",
        "what stands in front decodes paths twice or not at all: ids with a slash cannot be found",
    )
