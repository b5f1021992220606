"""Refusals of the management API (docs/protocol.md §23.3); the envelope itself is ``authmint.api_errors``."""

from typing import Final

from ...api_errors import CATALOGUE, ApiError, internal_error, invalid, invalid_field, not_found, unavailable
from ...http import Request, Response
from ...oauth.errors import described

__all__ = [
    "CATALOGUE",
    "ApiError",
    "BearerChallenge",
    "OAuthStyleError",
    "internal_error",
    "invalid",
    "invalid_field",
    "not_found",
    "read_only",
    "unavailable",
]


class BearerChallenge(Exception):
    """A refusal of an access token (docs/protocol.md §24.2): a challenge (RFC 6750 §3) and no body.

    The separator ``, `` and the quotes are what an official SDK parses.
    """

    def __init__(self, error: str, request: Request, *, scope: str = "") -> None:
        super().__init__(error)
        self.status, description = _CHALLENGES[error]
        resource = described(request.path)[:256]
        acr_values = ', acr_values="urn:okta:loa:2fa:any"' if error == _STEP_UP else ""
        self.challenge = (
            f'Bearer authorization_uri="{request.base_url}/oauth2/v1/authorize", realm="{request.base_url}", '
            f'scope="{scope}", error="{error}", error_description="{description}", resource="{resource}"{acr_values}'
        )

    def response(self) -> Response:
        """The answer with its challenge or its body."""
        return Response(self.status, b"", (("www-authenticate", self.challenge),))


_STEP_UP: Final = "insufficient_user_authentication"
_CHALLENGES: Final = {
    _STEP_UP: (401, "Administrators' roles are granted by who has signed in with two factors."),
    "invalid_token": (401, "The access token is invalid."),
    "insufficient_scope": (403, "The access token provided does not contain the required scopes."),
}


class OAuthStyleError(Exception):
    """A refusal of dynamic client registration (RFC 7591 §3.2.2, docs/protocol.md §26.2)."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> Response:
        """``error`` and ``error_description``."""
        return Response.json(self.status, {"error": self.error, "error_description": described(self.description)})


def read_only(kind: str) -> ApiError:
    """E0000111: the object belongs to the system and cannot be changed."""
    return ApiError("E0000111", kind)
