"""What clients of ``/api/v1/authn`` post about factors, as answers."""

from collections.abc import Mapping
from typing import Any, Final

from ...api_errors import ApiError, invalid
from ...factors import refusals
from ...factors.answers import AssertionAnswer, Passcode, RegistrationAnswer
from ...factors.refusals import FactorRefused
from ...factors.wire import assertion_of, kind_of, registration_of
from ...sign_on.answers import Answer, Begun, Chosen, Proved, RecoveryCode, SetUp
from ...sign_on.requirement import OutOfTurn
from ...sign_on.sign_on import Pending
from ..api_call import JsonBody

#: How clients name what they have no id of.
_RECOVERY_CODE: Final = "recovery_code"
_BY_TYPE: Final = "webauthn"


def begun(body: JsonBody, _: Pending) -> Answer:
    """Which factor is set up. Raises ApiError (E0000001): none that there is here."""
    kind = kind_of(body.text("factorType", longest=64), body.members.get("provider"))
    if kind is None:
        raise invalid("factorType", "factorType: The factor type is not enabled for this organization.")
    return Begun(kind)


def answered(body: JsonBody, pending: Pending, factor: str, about: str, *, remember: bool) -> Answer:
    """What is said of a factor.

    Args:
        body: As it was posted.
        pending: Where the caller stands.
        factor: Id, ``webauthn`` (any of these) or ``recovery_code``.
        about: The rest of the path.
        remember: Whether the browser shall be known from now on.

    Raises:
        ApiError: E0000001: something is missing.
        OutOfTurn: It is about another factor than the one that is set up.
    """
    if about.startswith("lifecycle/"):
        if factor != pending.transaction.factor_id or pending.step.name != "enrol":
            raise OutOfTurn(pending.step.name)
        if about == "lifecycle/resend":
            kind = pending.transaction.kind
            if kind != "email":
                raise OutOfTurn("nothing is sent for such a factor")
            return Begun(kind)
        return SetUp(_registered(body.members))
    if factor == _RECOVERY_CODE:
        return RecoveryCode(body.text("passCode", longest=64))
    by_type = factor == _BY_TYPE
    factor_id = _first_key(pending) if by_type else factor
    if about == "verify/resend" or not _is_answered(body.members):
        return Chosen(factor_id, alone=not by_type)
    return Proved(_proved(body.members), factor_id, remember=remember)


def _first_key(pending: Pending) -> str:
    keys = [f.id for f in pending.known.factors if f.id in pending.step.choices and f.kind == "webauthn"]
    if not keys:
        raise OutOfTurn("no key is asked for")
    return keys[0]


def _is_answered(members: Mapping[str, Any]) -> bool:
    return any(members.get(name) for name in ("passCode", "answer", "clientData"))


def _proved(members: Mapping[str, Any]) -> Passcode | AssertionAnswer:
    return assertion_of(members) if members.get("clientData") else Passcode(_text(members, "passCode"))


def _registered(members: Mapping[str, Any]) -> Passcode | RegistrationAnswer:
    return registration_of(members) if members.get("clientData") else Passcode(_text(members, "passCode"))


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value or len(value) > 1_000:
        raise invalid(name, f"{name}: The field cannot be left blank")
    return value


def refusal(error: FactorRefused) -> ApiError:
    """How a factor's refusal is told. Reasons are for the log alone."""
    match error:
        case refusals.Replayed():
            return ApiError("E0000082")
        case refusals.LockedOut():
            return ApiError("E0000069")
        case refusals.TooFast():
            return ApiError("E0000047", headers=error.allowance.headers())
        case refusals.NotEnrollable():
            return invalid("factorType", "factorType: The factor type is not enabled for this organization.")
        case _:
            cause = "Your passcode doesn't match our records. Please try again."
            return ApiError("E0000068", causes=[cause])
