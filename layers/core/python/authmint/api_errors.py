"""The error envelope of ``/api/v1`` (docs/protocol.md §23.3), for administration and for sign-in alike."""

from collections.abc import Sequence
from typing import Final

from .http import Pairs, Response
from .ids import Ids

#: code: (status, errorSummary). ``{0}`` is filled in.
CATALOGUE: Final[dict[str, tuple[int, str]]] = {
    "E0000001": (400, "Api validation failed: {0}"),
    "E0000003": (400, "The request body was not well-formed."),
    "E0000004": (401, "Authentication failed"),
    "E0000005": (403, "Invalid session"),
    "E0000006": (403, "You do not have permission to perform the requested action"),
    "E0000007": (404, "Not found: Resource not found: {0}"),
    "E0000008": (404, "The requested path was not found"),
    "E0000009": (500, "Internal Server Error"),
    "E0000010": (503, "Service is temporarily unavailable. Try again later."),
    "E0000011": (401, "Invalid token provided"),
    "E0000014": (403, "Update of credentials failed"),
    "E0000015": (401, "You do not have permission to access the feature you are requesting"),
    "E0000016": (403, "Activation failed because the user is already active"),
    "E0000023": (403, "Operation failed because user profile is mastered under another system"),
    "E0000022": (405, "The endpoint does not support the provided HTTP method"),
    "E0000029": (400, "Invalid paging request."),
    "E0000031": (400, "Invalid search criteria."),
    "E0000032": (403, "Unlock is not allowed for this user."),
    "E0000033": (400, "Bad request. Can't specify a search query and filter in the same request."),
    "E0000034": (403, "Forgot password not allowed on specified user."),
    "E0000035": (403, "Change password not allowed on specified user."),
    "E0000038": (403, "This operation is not allowed in the user's current status."),
    "E0000040": (400, "Application label must not be the same as an existing application label."),
    "E0000047": (429, "API call exceeded rate limit due to too many requests."),
    "E0000056": (403, "Delete application forbidden."),
    "E0000060": (501, "Unsupported operation."),
    "E0000062": (409, "The specified user is already assigned to the application."),
    "E0000068": (403, "Invalid Passcode/Answer"),
    "E0000069": (403, "User Locked"),
    "E0000078": (403, "Cannot modify the {0} attribute because it is immutable."),
    "E0000079": (403, "This operation is not allowed in the current authentication state."),
    "E0000087": (403, "The recovery question answer did not match our records."),
    "E0000080": (403, "The password does not meet the complexity requirements of the current password policy."),
    "E0000082": (403, "Each code can only be used once. Please wait for a new code and try again."),
    "E0000086": (403, "This policy cannot be activated at this time."),
    "E0000090": (409, "The role specified is already assigned to the user."),
    "E0000095": (403, "Recovery not allowed for unknown user."),
    "E0000107": (403, "The entity is not in the expected state for the requested transition."),
    "E0000111": (403, "Cannot modify the {0} object because it is read-only."),
    "E0000117": (403, "Cannot assign apps or update app profiles for an inactive user."),
    "E0000118": (429, "An email was recently sent. Please wait 5 seconds before trying again."),
    "E0000124": (
        400,
        "Could not create user. To create a user and expire their password immediately, a password must be specified",
    ),
    "E0000125": (
        400,
        'Could not create user. To create a user and expire their password immediately, "activate" must be true',
    ),
    "E0000134": (502, "The inline hook could not be reached, or its answer could not be read."),
    "E0000137": (504, "The inline hook did not answer in time."),
    "E0000148": (
        403,
        "Cannot modify/disable this authenticator because it is enabled in one or more policies. "
        "To continue, disable the authenticator in these policies.",
    ),
    "E0000157": (409, "Another authenticator with key: {0} is already active."),
    "E0000219": (
        403,
        "Cannot disable this authenticator because no phishing-resistant authenticator would be left, and policy rules "
        "require one. Policy rules: {0}",
    ),
    "E0000226": (
        400,
        "You must have an active telephony inline hook to activate and use the Phone authenticator.",
    ),
    "E0000211": (400, "Roles cannot be granted to built-in groups: {0}."),
    "E0000227": (400, "Roles can only be granted to service application type"),
    "E0000182": (409, "A default email template customization already exists."),
    "E0000183": (409, "An email template customization for that language already exists."),
    "E0000184": (409, "A default email template customization can't be deleted."),
    "E0000185": (409, "The isDefault parameter of the default email template customization can't be set to false."),
    "E0000189": (422, "This template does not support the recipients value."),
    "E0000236": (400, "The provided language isn't valid BCP 47."),
    # An extension of ours: others know no precondition (RFC 9110 §13.1.1).
    "E0000412": (412, "The object was changed since it was read. Nothing was changed."),
}


class ApiError(Exception):
    """A refusal in the envelope.

    Attributes:
        causes: Texts, in the order in which they are shown. Never a secret.
        fault: What failed on our side, for the log.
    """

    def __init__(self, code: str, value: str = "", causes: Sequence[str] = (), *, headers: Pairs = ()) -> None:
        self.code = code
        self.status, summary = CATALOGUE[code]
        self.summary = summary.format(value)
        self.causes = tuple(causes)
        self.headers = headers
        self.fault: BaseException | None = None
        super().__init__(f"{code}: {self.summary}")

    def response(self, ids: Ids) -> Response:
        """The answer, with all five members always present (docs/protocol.md §23.3)."""
        body = {
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": f"oae{ids.opaque(16)}",
            "errorCauses": [{"errorSummary": cause} for cause in self.causes],
        }
        return Response.json(self.status, body, self.headers).because_of(self.fault)


def invalid(subject: str, *causes: str) -> ApiError:
    """E0000001 about ``subject``, with its causes as they stand."""
    return ApiError("E0000001", subject, causes)


def invalid_field(field: str, message: str) -> ApiError:
    """E0000001 about one field: the cause is ``field: message``."""
    return invalid(field, f"{field}: {message}")


def not_found(identifier: str, kind: str) -> ApiError:
    """E0000007 for an id as given in the URL and the name of its type (docs/protocol.md §23.3)."""
    return ApiError("E0000007", f"{identifier} ({kind})")


def unavailable(fault: BaseException) -> ApiError:
    """503: storage or key management could not answer, or too many changes at once. Safe to repeat."""
    error = ApiError("E0000010", headers=(("retry-after", "2"),))
    error.fault = fault
    return error


def internal_error(ids: Ids) -> Response:
    """500 for what nobody expected."""
    return ApiError("E0000009").response(ids)
