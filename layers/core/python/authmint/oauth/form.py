"""``application/x-www-form-urlencoded`` requests (RFC 6749 appendix B, §3.1, §3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from ..http import Request
from .errors import OAuthError

MAX_BODY: Final = 65_536
MAX_FIELDS: Final = 100
_CREDENTIALS: Final = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})


#: The one parameter that may be repeated (RFC 8707 §2).
RESOURCE: Final = "resource"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA: Final = "urn:openid:params:grant-type:ciba"


ID_JAG: Final = "urn:ietf:params:oauth:token-type:id-jag"


def asks_for_assertion(values: Mapping[str, str]) -> bool:
    """Whether a token request wants to be taken to another server (docs/protocol.md §45.4): it is about that one."""
    return values.get("grant_type") == TOKEN_EXCHANGE and values.get("requested_token_type") == ID_JAG


@dataclass(frozen=True)
class Form:
    """The parameters of a POST: one value for each name.

    Attributes:
        resources: Values of ``resource``, which stands in no other place.
    """

    values: Mapping[str, str]
    resources: tuple[str, ...] = ()


def read(request: Request) -> Form:
    """The parameters of a POST. Parameters without a value count as left out (RFC 6749 §3.2).

    Raises:
        OAuthError: Wrong content type, too large, malformed, repeated parameter, or credentials in the query.
    """
    refuse_credentials_in_query(request)
    found = pairs(request)
    form = dict(found)
    resources: tuple[str, ...] = ()
    if RESOURCE in form:
        resources = tuple(value for name, value in found if name == RESOURCE and value)
        found = [pair for pair in found if pair[0] != RESOURCE]
        form = dict(found)
    if len(form) != len(found):
        raise OAuthError(_repeated(found))
    return Form({name: value for name, value in form.items() if value}, resources)


def _repeated(found: list[tuple[str, str]]) -> str:
    """What is wrong with a form that says something twice: two targets of an exchange are none (RFC 8693 §2.2.2)."""
    names = [name for name, _ in found]
    twice = {name for name in names if names.count(name) > 1}
    exchange = twice == {"audience"} and ("grant_type", TOKEN_EXCHANGE) in found
    return "token_exchange_invalid_audience" if exchange else "duplicate_oauth_params"


def refuse_credentials_in_query(request: Request) -> None:
    """Query strings end up in logs.

    Raises:
        OAuthError: A parameter of client authentication is in the query.
    """
    if any(name in _CREDENTIALS for name, _ in request.query):
        raise OAuthError("client_credentials_in_query")


def pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters of a POST as they were sent, with repetitions.

    Raises:
        OAuthError: Wrong content type, too large or malformed.
    """
    if len(request.body) > MAX_BODY:
        raise OAuthError("body_too_large", str(MAX_BODY))
    if not is_form(request):
        raise OAuthError("unsupported_media_type", reason="content type")
    try:
        return decoded(request.body.decode("ascii"))
    except ValueError:
        raise OAuthError("unsupported_media_type", reason="malformed body") from None


def decoded(text: str) -> list[tuple[str, str]]:
    """What ``urllib.parse.parse_qsl`` gives, blank values too, in a third of its time: every token request begins here.

    Raises:
        ValueError: Too many fields, or percent-encoded bytes that are no UTF-8.
    """
    if text.count("&") >= MAX_FIELDS:
        raise ValueError("too many fields")
    parts = [part.partition("=") for part in text.split("&") if part]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in parts]


def _unquoted(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return unquote(text.replace("+", " "), errors="strict")


def is_form(request: Request) -> bool:
    """Whether the body is said to be a form."""
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    return media_type == "application/x-www-form-urlencoded"
