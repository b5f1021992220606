"""Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): what a URL must be to name a client, and
what the document behind it must say.

The document is a stranger's. Whatever is wrong with what protects somebody refuses it whole; what is only not served
here is left out. Nothing is fetched and nothing is kept here.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final

from ..jose.encoding import strict_json
from ..jose.keys import PRIVATE_MEMBERS, BadKey, may_verify, public_key
from ..storage.client_documents import AuthMethod, ClientDocument
from ..storage.client_registration import origin_of
from .redirect_uris import MOST, is_web, kind_of

#: Bytes of a document.
LARGEST: Final = 10_240
#: Characters of a URL.
LONGEST: Final = 512
MOST_KEYS: Final = 50
LONGEST_NAME: Final = 80
#: Seconds that a copy is fresh: unless the document's host says otherwise, and within these bounds.
FRESH: Final = 3_600
FRESH_AT_LEAST: Final = 300
FRESH_AT_MOST: Final = 86_400

_URL: Final = re.compile(
    r"https://(?P<host>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+)"
)
#: What a path must not hide: a dot, a slash, a backslash.
_HIDDEN: Final = re.compile(r"%(?:2e|2f|5c)", re.IGNORECASE)
_MAX_PORT: Final = 65_535
_GRANTS: Final = ("authorization_code", "refresh_token")
#: Characters that are not seen, or that turn others around.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAX_AGE: Final = re.compile(r"\d{1,10}", re.ASCII)


class BadDocument(Exception):
    """A document that makes no client. The message says to its author what is wrong.

    Attributes:
        id: Internal id, for the log.
    """

    def __init__(self, identifier: str, message: str) -> None:
        super().__init__(message)
        self.id = identifier


def is_document_url(client_id: str, *, own_hosts: Collection[str] = ()) -> bool:
    """Whether a client id is the URL of a document that may be looked for. Nothing about it is normalised.

    Args:
        client_id: As it was sent.
        own_hosts: Names of this deployment, in lower case: nobody's documents are there.
    """
    parts = _URL.fullmatch(client_id) if len(client_id) <= LONGEST else None
    if parts is None or len(parts["host"]) > 253 or parts["host"] in own_hosts:
        return False
    if parts["port"] is not None and (int(parts["port"]) > _MAX_PORT or parts["port"] == "443"):
        return False
    path = parts["path"]
    if path == "/" or _HIDDEN.search(path):
        return False
    return not {".", ".."}.intersection(path.split("/"))


def is_origin(text: str) -> bool:
    """Whether a text is the origin of documents: scheme, host and, unless it is the usual one, port."""
    return origin_of(text) == text and is_document_url(f"{text}/x")


def read(content: bytes, url: str, *, private_schemes: Collection[str] = ()) -> ClientDocument:
    """What a document says.

    Args:
        content: As it was fetched.
        url: From where.
        private_schemes: Of redirect URIs of native applications, as the server's administrator lists them.

    Raises:
        BadDocument: It makes no client.
    """
    body = _object(content)
    if body.get("client_id") != url:
        raise BadDocument("cimd_client_id_mismatch", "'client_id' is not the URL of the document, byte by byte.")
    if secrets := [name for name in body if name.startswith("client_secret")]:
        raise _wrong(f"'{secrets[0][:40]}' has no place in a document that everybody reads.")
    method = _method(body)
    keys = _keys(body)
    jwks_uri = _text(body, "jwks_uri")
    if method == "private_key_jwt":
        if (jwks_uri is None) == (body.get("jwks") is None):
            raise _wrong("'private_key_jwt' needs one of 'jwks' and 'jwks_uri'.")
        if jwks_uri is not None and not is_web(jwks_uri):
            raise _wrong("'jwks_uri' must be an https URL without user information and fragment.")
        if jwks_uri is None and not keys:
            raise _wrong("'jwks' holds no key that can verify a signature.")
    return ClientDocument(
        url=url,
        name=cleaned(_text(body, "client_name") or ""),
        redirect_uris=_redirect_uris(body, private_schemes),
        auth_method=method,
        grant_types=_grant_types(body),
        scopes=_scopes(body),
        jwks=keys if method == "private_key_jwt" and jwks_uri is None else (),
        jwks_uri=jwks_uri if method == "private_key_jwt" else None,
        **{name: _page(body, name) for name in ("client_uri", "logo_uri", "tos_uri", "policy_uri")},
    )


def cleaned(name: str) -> str:
    """A name without what is not seen, in at most so many characters."""
    seen = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", name))
    seen = "".join(c for c in seen if unicodedata.category(c) not in _UNSEEN)
    return " ".join(seen.split())[:LONGEST_NAME].rstrip()


def fresh_for(cache_control: str | None) -> int:
    """Seconds that a copy is as good as the document (RFC 9111 §5.2), within our bounds."""
    directives = {}
    for part in (cache_control or "").lower().split(","):
        name, _, value = part.strip().partition("=")
        directives[name.strip()] = value.strip().strip('"')
    if "no-store" in directives or "no-cache" in directives:
        return FRESH_AT_LEAST
    age = directives.get("max-age")
    if age is None or not _MAX_AGE.fullmatch(age):
        return FRESH
    return min(max(int(age), FRESH_AT_LEAST), FRESH_AT_MOST)


def is_another_client(before: ClientDocument, after: ClientDocument) -> bool:
    """Whether what a user agreed to is about somebody else now: consent is asked again, and pending codes are dead."""
    return _identity(before) != _identity(after)


def is_weaker(before: ClientDocument, after: ClientDocument) -> bool:
    """Whether a client that proved who it was does so no more: what was given to it must not be anybody's."""
    return before.auth_method == "private_key_jwt" and after.auth_method == "none"


def _identity(document: ClientDocument) -> tuple[Any, ...]:
    return (
        frozenset(document.redirect_uris),
        document.auth_method,
        document.jwks,
        document.jwks_uri,
        document.name,
        document.logo_uri,
    )


def _object(content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST:
        raise _wrong(f"The document has more than {LARGEST} bytes.")
    try:
        body = strict_json(content)
    except (ValueError, RecursionError):
        raise _wrong("The document is not strict JSON in UTF-8, with each name once.") from None
    if not isinstance(body, dict):
        raise _wrong("The document is no JSON object.")
    return body


def _method(body: Mapping[str, Any]) -> AuthMethod:
    """The stronger one of what the document offers; nothing said is ``none``, as public clients leave it out."""
    offered = set(_texts(body, "token_endpoint_auth_methods_supported") or ())
    if (single := _text(body, "token_endpoint_auth_method")) is not None:
        offered.add(single)
    if "private_key_jwt" in offered:
        return "private_key_jwt"
    if not offered or "none" in offered:
        return "none"
    raise _wrong("'token_endpoint_auth_method' must be 'none' or 'private_key_jwt'.")


def _keys(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The keys that can verify. One that gives itself away refuses the document, used or not."""
    jwks = body.get("jwks")
    if jwks is None:
        return ()
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise _wrong(f"'jwks' must be a JWK set of at most {MOST_KEYS} keys.")
    if any(PRIVATE_MEMBERS & key.keys() or key.get("kty") == "oct" for key in keys):
        raise _wrong("'jwks' holds a private or symmetric key, which is everybody's now.")
    good = tuple(key for key in keys if _verifies(key))
    kids = [key.get("kid") for key in good]
    if len(good) > 1 and (None in kids or len({str(kid) for kid in kids}) != len(kids)):
        raise _wrong("Each of several keys needs a 'kid' of its own.")
    return good


def _verifies(key: Mapping[str, Any]) -> bool:
    try:
        public_key(key)
    except BadKey:
        return False
    return may_verify(key)


def _redirect_uris(body: Mapping[str, Any], private_schemes: Collection[str]) -> tuple[str, ...]:
    uris = _texts(body, "redirect_uris") or ()
    if len(uris) > MOST:
        raise _wrong(f"'redirect_uris' has more than {MOST} entries.")
    kept = tuple(dict.fromkeys(uri for uri in uris if kind_of(uri, private_schemes)))
    if not kept:
        raise BadDocument("cimd_missing_redirect_uris", "'redirect_uris' holds none that this server sends answers to.")
    return kept


def _grant_types(body: Mapping[str, Any]) -> tuple[str, ...]:
    asked = _texts(body, "grant_types")
    if asked is None:
        return _GRANTS[:1]  # RFC 7591 §2
    kept = tuple(name for name in _GRANTS if name in asked)
    if _GRANTS[0] not in kept:
        raise _wrong("'grant_types' must have 'authorization_code'.")
    return kept


def _scopes(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    scope = _text(body, "scope")
    return None if scope is None else tuple(dict.fromkeys(scope.split()))


def _page(body: Mapping[str, Any], name: str) -> str | None:
    uri = body.get(name)
    return uri if isinstance(uri, str) and is_web(uri) else None


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(f"'{name}' must be a text.")
    return value


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(f"'{name}' must be a list of texts.")
    return tuple(value)


def _wrong(message: str) -> BadDocument:
    return BadDocument("cimd_invalid_client_details", message)
