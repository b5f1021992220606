"""Reading a bearer token from a request (RFC 6750 §2): the header, the form, never the query."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ..http import Request
from ..jose.encoding import MAX_TOKEN
from . import form as forms
from .errors import OAuthError

#: ``b64token`` of RFC 6750 §2.1.
_TOKEN: Final = rf"[\w.~+/=-]{{1,{MAX_TOKEN}}}"
_HEADER: Final = re.compile(rf"(bearer|dpop) +({_TOKEN})", re.IGNORECASE | re.ASCII)
#: The official Python SDK sends scheme and token without a space.
_LENIENT_HEADER: Final = re.compile(rf"(bearer|dpop)\s*({_TOKEN})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, repr=False)
class Presented:
    """An access token, and how it came. Without ``repr``: it is a secret."""

    token: str
    scheme: Literal["bearer", "dpop"] = "bearer"


def from_header(authorization: str, *, space_required: bool = True) -> Presented | None:
    """The token in the value of ``authorization`` (RFC 6750 §2.1, RFC 9449 §7.1); ``None``: it holds none."""
    match = (_HEADER if space_required else _LENIENT_HEADER).fullmatch(authorization)
    if match is None:
        return None
    return Presented(match[2], "dpop" if match[1].lower() == "dpop" else "bearer")


def is_bearer(authorization: str) -> bool:
    """Whether the value of ``authorization`` is of one of these schemes, well-formed or not."""
    return authorization[:6].lower() == "bearer" or authorization[:4].lower() == "dpop"


def presented(request: Request) -> Presented:
    """The access token of a request to a protected resource.

    Raises:
        OAuthError: None, in the query, twice, or no token at all.
    """
    if request.query_value("access_token") is not None:
        raise OAuthError("access_token_in_query")
    authorization, in_body = request.header("authorization"), _from_body(request)
    if authorization is not None and in_body is not None:
        raise OAuthError("access_token_duplicate")
    if in_body is not None:
        return Presented(in_body)
    if authorization is None:
        raise OAuthError("access_token_missing")
    token = from_header(authorization)
    if token is None:
        raise OAuthError("access_token_invalid", reason="no bearer token")
    return token


def _from_body(request: Request) -> str | None:
    """RFC 6750 §2.2: only of a form, and never of a GET."""
    if request.method != "POST" or not forms.is_form(request):
        return None
    return forms.read(request).values.get("access_token")
