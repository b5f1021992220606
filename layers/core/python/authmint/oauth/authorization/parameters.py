"""Parameters of authorization requests as browsers send them, and the way back to the client that they name
(RFC 9700 §4.1, RFC 8252 §7.3, docs/protocol.md §4).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

from ...http import Request
from ...jose.encoding import MAX_TOKEN, b64decode, strict_json
from ...storage.clients import Client
from .. import form as forms
from ..errors import OAuthError
from ..nearest import unknown
from ..security_profile import Profile
from .vocabulary import FRONT_CHANNEL, PARAMETERS, RESPONSE_MODES, SIGNED_MODES, ResponseMode

#: The longest parameter is a token: ``id_token_hint``.
MAX_VALUE: Final = MAX_TOKEN
#: Characters of a query. API Gateway takes 10,240 bytes of request line and headers, and browsers have many headers:
#: what is a little longer would come through or not, as cookies come and go.
MAX_QUERY: Final = 8_192
#: Characters of ``state`` once encoded: headers of an answer must fit into API Gateway's 10 KB.
MAX_STATE: Final = 4_096
_MAX_NONCE: Final = 4_096


@dataclass(frozen=True)
class Parameters:
    """One value for each name; those without a value count as left out (RFC 6749 §3.1).

    Attributes:
        repeated: Names that were sent more than once.
        resources: Values of ``resource``, which may be repeated (RFC 8707 §2); it stands in no other place.
    """

    values: Mapping[str, str]
    repeated: frozenset[str] = field(default=frozenset())
    resources: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """The value that was sent, if any was."""
        return self.values.get(name)

    @property
    def state(self) -> str | None:
        """``state`` where there is one that can go back byte for byte in every response mode."""
        state = self.values.get("state")
        if state is None or "state" in self.repeated or any(c < " " or c == "\x7f" for c in state):
            return None
        return state if len(quote_plus(state)) <= MAX_STATE else None

    def refuse_repeated(self, names: Iterable[str] | None = None) -> None:
        """Refuse a request that repeats one of these parameters, or any at all.

        Raises:
            OAuthError: Names only parameters of the protocol, nothing that the browser made up.
        """
        found = self.repeated if names is None else self.repeated.intersection(names)
        if known := sorted(found & PARAMETERS):
            raise OAuthError("illegal_duplicated_parameters", ", ".join(known))
        if found:
            raise OAuthError("duplicate_oauth_params")


def read(request: Request) -> Parameters:
    """The parameters of a GET's query, or of a POST's body.

    Raises:
        OAuthError: Malformed, too many or too large; or a POST with parameters in its query.
    """
    if request.method != "POST":
        sent = parameters(request.query)
        if len(urlencode(request.query)) > MAX_QUERY:
            raise OAuthError("authorize_request_too_long", str(MAX_QUERY))
        return sent
    if request.query:
        # One request, one place: two readers must never see two requests in it.
        raise OAuthError("invalid_request", reason="parameters in the query of a POST")
    return parameters(forms.pairs(request))


def parameters(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Check sizes and text, find repetitions.

    Raises:
        OAuthError: ``invalid_request``.
    """
    pairs = tuple(pairs)
    if len(pairs) > forms.MAX_FIELDS or sum(len(name) + len(value) for name, value in pairs) > forms.MAX_BODY:
        raise OAuthError("invalid_request", reason="too many or too large parameters")
    for name, value in pairs:
        if len(value) > MAX_VALUE or not _is_text(name + value):
            raise OAuthError("invalid_request", reason="a parameter is too large or not text")
    resources = tuple(value for name, value in pairs if name == forms.RESOURCE and value)
    pairs = tuple(pair for pair in pairs if pair[0] != forms.RESOURCE)
    counts = Counter(name for name, _ in pairs)
    first: dict[str, str] = {}
    for name, value in pairs:
        if value:
            first.setdefault(name, value)
    return Parameters(first, frozenset(name for name, count in counts.items() if count > 1), resources)


def beside_request_object(sent: Parameters) -> Parameters:
    """The parameters by which a request is refused whose request object is none: those beside it, then those in it.

    A client that put ``state`` and ``response_mode`` into its object alone shall get its error, where both say that it
    goes (OpenID Connect Core §3.1.2.6). Nobody vouches for what such an object says, as nobody does for the query.
    """
    try:
        payload = strict_json(b64decode((sent.get("request") or "").split(".")[1]))
    except (ValueError, IndexError, RecursionError):
        return sent
    if not isinstance(payload, dict):
        return sent
    inside = {name: payload[name] for name in ("state", "response_mode") if isinstance(payload.get(name), str)}
    return replace(sent, values=inside | dict(sent.values))


def _is_text(value: str) -> bool:
    """Lone surrogates can be neither stored nor sent; a NUL ends strings in many places that read them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def nonce_of(parameters: Parameters, response_types: frozenset[str]) -> str | None:
    """The ``nonce`` that was sent.

    Raises:
        OAuthError: It is missing where an ID token comes through the browser, or too long.
    """
    nonce = parameters.get("nonce")
    if nonce is None and "id_token" in response_types:  # OpenID Connect Core §3.2.2.1, §3.3.2.11
        raise OAuthError("invalid_nonce")
    if nonce is not None and len(nonce) > _MAX_NONCE:
        raise OAuthError("invalid_request", reason="nonce is too long")
    return nonce


def check_state(parameters: Parameters, *, protected: bool) -> None:
    """``state`` stands against forged answers, unless PKCE or a pushed request does (RFC 9700 §2.1)."""
    if parameters.state is None and (parameters.get("state") is not None or not protected):
        raise OAuthError("invalid_state")


_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?([/?].*)?")
_MAX_PORT: Final = 65_535


@dataclass(frozen=True)
class ReturnTo:
    """A trusted way back to the client. Only ``match_redirect_uri`` makes one.

    Attributes:
        redirect_uri: As sent: equal to a registered one but for the port of a loopback interface, or for what a
            wildcard stands for.
        issuer: Sent as ``iss``, so that a client of several servers knows whose answer it reads (RFC 9207 §2).
        mode: How to send an answer; a valid one even where the request asked for one that is not.
        state: Sent back as it came.
        signed: Whether the answer is signed (JARM).
    """

    redirect_uri: str
    issuer: str
    mode: ResponseMode
    state: str | None
    signed: bool = False

    @property
    def origin(self) -> str | None:
        """For messages between windows; ``None``: the URI is not of a web page."""
        return _origin(self.redirect_uri)


def match_redirect_uri(client: Client, parameters: Parameters, issuer: str, profile: Profile) -> ReturnTo:
    """The way back that a request names.

    Raises:
        OAuthError: None is named, or not one of the client's, or one that the profile does not take: the error must
            stay with us (RFC 6749 §4.1.2.1).
    """
    sent = check_redirect_uri(client, parameters.get("redirect_uri"))
    if not profile.may_redirect(sent, issuer):
        raise OAuthError("illegal_redirect_uri", reason="the security profile takes https alone")
    mode, signed = _mode(parameters, sent)
    return ReturnTo(sent, issuer, mode, parameters.state, signed)


def check_redirect_uri(client: Client, sent: str | None) -> str:
    """The redirect URI, if it is one of the client's (RFC 9700 §4.1.3: to the letter, unless the client has wildcards).

    Raises:
        OAuthError: None was sent, or it is not.
    """
    if sent is None or "#" in sent or not any(_matches(client, uri, sent) for uri in client.redirect_uris):
        # What stands behind the question mark may be a secret of the client's, and is not ours to log.
        raise OAuthError(
            "illegal_redirect_uri", reason=unknown("redirect_uri", (sent or "").partition("?")[0], client.redirect_uris)
        )
    return sent


def _matches(client: Client, registered: str, sent: str) -> bool:
    if "*" in registered:
        if client.wildcard_redirect != "SUBDOMAIN":
            return False
        from .. import wildcards  # few clients need it

        return wildcards.matches(registered, sent)
    if registered == sent:
        return True
    if client.application_type != "native":
        return False
    # A native app listens on whichever port the system gave it (RFC 8252 §7.3).
    known, given = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(sent)
    if known is None or given is None or not 0 < int(given[2] or 80) <= _MAX_PORT:
        return False
    return (known[1], known[3] or "/") == (given[1], given[3] or "/")  # RFC 3986 §6.2.3


def default_mode(response_types: frozenset[str]) -> ResponseMode:
    """``fragment`` where the browser itself gets something (Multiple Response Type Encoding Practices §5)."""
    return "query" if response_types.isdisjoint(FRONT_CHANNEL) else "fragment"


def _mode(parameters: Parameters, redirect_uri: str) -> tuple[ResponseMode, bool]:
    """How the answer travels, and whether it is signed."""
    default = default_mode(frozenset((parameters.get("response_type") or "").split()))
    asked = None if "response_mode" in parameters.repeated else parameters.get("response_mode")
    signed = asked in SIGNED_MODES
    carrier = SIGNED_MODES.get(asked, asked) if asked is not None else None
    for mode in RESPONSE_MODES:
        if mode == carrier:
            without_origin = mode == "okta_post_message" and _origin(redirect_uri) is None
            exposed = mode == "query" and default != "query"
            return default if without_origin or exposed else mode, signed
    return default, signed


def _origin(uri: str) -> str | None:
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if parts.scheme in {"http", "https"} and host else None
