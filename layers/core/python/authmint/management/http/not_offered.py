"""Features that this service does not have, and that official clients call: answered as by an org without them."""

from typing import Final, NoReturn

from .call import Call, Operation
from .errors import ApiError
from .routes import Routes

_LINKED: Final = "/api/v1/meta/schemas/user/linkedObjects"
_PATHS: Final = (
    _LINKED,
    f"{_LINKED}/{{linkedObjectName}}",
    "/api/v1/users/{userId}/linkedObjects/{relationshipName}",
    "/api/v1/users/{userId}/linkedObjects/{relationshipName}/{primaryUserId}",
    "/api/v1/authenticators/{authenticatorId}/aaguids",
    "/api/v1/authenticators/{authenticatorId}/aaguids/{aaguid}",
    "/api/v1/users/{userId}/authenticator-enrollments/phone",
    "/api/v1/users/{userId}/authenticator-enrollments/tac",
    "/api/v1/users/{userId}/blocks",
)


def add_not_offered(routes: Routes[Operation]) -> None:
    """Their routes. They stand before those whose parameters would match too."""
    for path in _PATHS:
        for method in ("GET", "POST", "PUT", "DELETE"):
            routes.add(method, path, _refuse)


def _refuse(_: Call) -> NoReturn:
    raise ApiError("E0000015")
