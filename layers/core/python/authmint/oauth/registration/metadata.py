"""What a client says about itself when it registers (RFC 7591 §2), and what of that it gets.

What is only not served here is left out, and the answer says what is left: clients list what they know and use what
they get. Nothing is kept here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from ...jose.encoding import strict_json
from ..client_documents import cleaned
from ..redirect_uris import LONGEST, MOST, is_web, kind_of, without_port

#: Bytes of a body.
LARGEST: Final = 8_192
UNNAMED: Final = "Unnamed application"
_GRANTS: Final = ("authorization_code", "refresh_token")
#: Redirect URIs of applications that many people use, which register themselves and say https: to the letter.
_KNOWN_WEB: Final = frozenset(
    {
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
        "https://insiders.vscode.dev/redirect",
        "https://vscode.dev/redirect",
        "https://www.cursor.com/agents/mcp/oauth/callback",
    }
)
_CHATGPT: Final = re.compile(r"https://chatgpt\.com/connector/oauth/[A-Za-z0-9_-]+")


class BadRegistration(Exception):
    """A body that registers nothing. The message says to its author what is wrong.

    Attributes:
        error: The code of RFC 7591 §3.2.2.
    """

    def __init__(self, error: Literal["invalid_redirect_uri", "invalid_client_metadata"], message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True)
class Rules:
    """What a server lets such clients have.

    Attributes:
        scopes: All that any of them can get.
        private_schemes: Of redirect URIs of native applications.
        https_hosts: Of further redirect URIs, with the port where it is not 443.
    """

    scopes: Collection[str] = ()
    private_schemes: Collection[str] = ()
    https_hosts: Collection[str] = ()


@dataclass(frozen=True)
class Registration:
    """What a client gets of what it said.

    Attributes:
        name: Never empty. It is what the client calls itself, and proves nothing.
        client_uri: Empty: it says none.
        redirect_uris: As they were sent, without those that this server sends no answers to.
        scopes: In ascending order.
    """

    name: str
    client_uri: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The redirect URIs as they are compared: without the ports that differ from start to start."""
        return tuple(sorted({without_port(uri) for uri in self.redirect_uris}))


def read(content: bytes, rules: Rules) -> Registration:
    """What a body registers.

    Raises:
        BadRegistration: Nothing.
    """
    body = _object(content)
    client_uri = _text(body, "client_uri") or ""
    client_uri = client_uri if is_web(client_uri) else ""
    name = cleaned(_text(body, "client_name") or "")
    return Registration(
        name=name or (urlsplit(client_uri).hostname if client_uri else None) or UNNAMED,
        client_uri=client_uri,
        redirect_uris=_redirect_uris(body, rules),
        grant_types=_grant_types(body),
        scopes=_scopes(body, rules),
    )


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        body = strict_json(content)
    except (ValueError, RecursionError):
        raise _wrong("The body is not strict JSON in UTF-8, with each name once.") from None
    if not isinstance(body, dict):
        raise _wrong("The body is no JSON object.")
    return body


def _redirect_uris(body: Mapping[str, Any], rules: Rules) -> tuple[str, ...]:
    uris = body.get("redirect_uris")
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris) or not 0 < len(uris) <= MOST:
        raise BadRegistration("invalid_redirect_uri", f"'redirect_uris' must be a list of 1 to {MOST} URIs.")
    kept = tuple(dict.fromkeys(uri for uri in uris if _is_served(uri, rules)))
    if not kept:
        raise BadRegistration(
            "invalid_redirect_uri",
            "'redirect_uris' holds none that this server sends answers to: http on the loopback interface, the schemes"
            f" and https hosts that its administrators list, of at most {LONGEST} characters.",
        )
    return kept


def _is_served(uri: str, rules: Rules) -> bool:
    """Nobody vouches for these: of those that lead away from the user's own machine, only known ones."""
    kind = kind_of(uri, rules.private_schemes)
    if kind != "web":
        return kind is not None
    return uri in _KNOWN_WEB or bool(_CHATGPT.fullmatch(uri)) or urlsplit(uri).netloc.lower() in rules.https_hosts


def _grant_types(body: Mapping[str, Any]) -> tuple[str, ...]:
    asked = body.get("grant_types")
    if asked in (None, ""):
        return _GRANTS[:1]  # RFC 7591 §2
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise _wrong("'grant_types' must be a list of texts.")
    kept = tuple(name for name in _GRANTS if name in asked)
    if _GRANTS[0] not in kept:
        raise _wrong("'grant_types' must have 'authorization_code', and can have 'refresh_token'.")
    return kept


def _scopes(body: Mapping[str, Any], rules: Rules) -> tuple[str, ...]:
    """Who names none of them gets all: he does not know this server. Users and policies say what comes of it."""
    asked = set(rules.scopes).intersection((_text(body, "scope") or "").split())
    return tuple(sorted(asked or rules.scopes))


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(f"'{name}' must be a text.")
    return value


def _wrong(message: str) -> BadRegistration:
    return BadRegistration("invalid_client_metadata", message)
