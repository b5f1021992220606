"""How ``/oauth2/v1/clients`` refuses callers with a bearer token: as RFC 6750 §3, RFC 7591 §3.2.2 and RFC 7592 say.

Callers with an API token of an administrator read the envelope of ``/api/v1``, as everywhere else.
"""

from typing import Final

from ...http import Request, Response
from ...oauth import bearer
from .errors import ApiError, BearerChallenge, OAuthStyleError

CLIENTS: Final = "/oauth2/v1/clients"
#: By the code of the envelope: ``error`` and status. What is not here keeps its status as ``invalid_request``.
_ERRORS: Final = {
    "E0000003": ("invalid_client_metadata", 400),
    "E0000006": ("access_denied", 403),
    "E0000007": ("invalid_client", 401),
    "E0000010": ("temporarily_unavailable", 503),
}
_UNKNOWN_CLIENT: Final = "Invalid value for 'client_id' parameter."


def is_registration(request: Request) -> bool:
    """Whether a request is one of a registered client, or of one that registers."""
    return bearer.is_bearer(request.header("authorization") or "") and (
        request.path == CLIENTS or request.path.startswith(f"{CLIENTS}/")
    )


def registration_refusal(error: ApiError, request: Request) -> Response:
    """The refusal in the form that a client reads."""
    if error.code == "E0000005":  # no token at all, or none that could be one of ours
        return BearerChallenge("invalid_token", request).response()
    code, status = _ERRORS.get(error.code, ("invalid_request", error.status))
    text = _UNKNOWN_CLIENT if code == "invalid_client" else error.causes[0] if error.causes else error.summary
    return OAuthStyleError(code, text, status=status).response().with_headers(*error.headers)
