"""Answers and refusals of SCIM (RFC 7644 §3.1, §3.12)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...http import Pairs, Response
from ..http.errors import ApiError

ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#: Of one page, and of what one request looks at.
MOST_RESULTS: Final = 200
_MEDIA_TYPE: Final = ("content-type", "application/scim+json")
_TYPES: Final[Mapping[str, str]] = {
    "E0000001": "invalidValue",
    "E0000003": "invalidSyntax",
    "E0000031": "invalidFilter",
    "E0000080": "invalidValue",
}


class ScimError(Exception):
    """A refusal in the words of SCIM.

    Attributes:
        scim_type: Of RFC 7644 table 9; empty: none of them.
    """

    def __init__(self, status: int, detail: str, scim_type: str = "", *, headers: Pairs = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.headers = headers

    def response(self) -> Response:
        """The answer."""
        body = {"schemas": [ERROR], "status": str(self.status), "detail": self.detail}
        return answer(self.status, body | ({"scimType": self.scim_type} if self.scim_type else {}), self.headers)


def of_api(error: ApiError) -> ScimError:
    """A refusal of the management API, as SCIM says it."""
    scim_type = _TYPES.get(error.code, "")
    status = 400 if scim_type else error.status
    return ScimError(status, " ".join(error.causes) or error.summary, scim_type, headers=error.headers)


def taken(what: str) -> ScimError:
    """409: somebody else has a value that only one can have (RFC 7644 §3.3)."""
    return ScimError(409, f"{what} is taken.", "uniqueness")


def missing(resource_id: str) -> ScimError:
    """404."""
    return ScimError(404, f"There is no {resource_id[:100]}.")


def answer(status: int, body: Any, headers: Pairs = ()) -> Response:
    """JSON of SCIM."""
    sent = Response.json(status, body)
    return Response(status, sent.body, (_MEDIA_TYPE, *headers))


def page_of(resources: Sequence[Mapping[str, Any]], *, total: int, start: int) -> Response:
    """A list (RFC 7644 §3.4.2)."""
    return answer(
        200,
        {
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(resources),
            "Resources": list(resources),
        },
    )
