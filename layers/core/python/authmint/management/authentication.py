"""Who calls the management API (contract §3): administrators by API token."""

import re
from typing import Final

from ..storage.api_tokens import ApiToken, ApiTokens
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from .errors import ApiError

#: The official Python SDK sends scheme and token without a space (§3.1).
_SSWS: Final = re.compile(r"ssws\s*(\S{1,512})\s*", re.IGNORECASE)


def authenticate(authorization: str | None, api_tokens: ApiTokens) -> ApiToken:
    """The API token of a request.

    Raises:
        ApiError: E0000005 without one, E0000011 for a wrong or revoked one.
    """
    match = _SSWS.fullmatch(authorization or "")
    if match is None:
        if (authorization or "")[:4].lower() == "ssws":
            raise _wrong()
        raise ApiError("E0000005")
    try:
        token = api_tokens.find(secret_digest(match[1]))
    except NotFound:
        raise _wrong() from None
    if token.status != "ACTIVE":
        raise _wrong()
    return token


def _wrong() -> ApiError:
    return ApiError("E0000011", headers=(("www-authenticate", "SSWS"),))
