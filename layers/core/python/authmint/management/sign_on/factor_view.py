"""What administrators see of factors (docs/protocol.md §32.7)."""

from collections.abc import Mapping
from typing import Any

from ...clock import timestamp
from ...factors.kind import Activation, KeyOptions, SharedSecret
from ...factors.questions import QUESTIONS
from ...factors.totp import DIGITS, PERIOD
from ...factors.wire import profile_of, type_of
from ...storage.authenticators import AuthenticatorList
from ...storage.factors import Factor
from ...storage.users import User
from ..http.call import Call, link


def factor_json(factor: Factor, user: User, listed: AuthenticatorList, call: Call) -> dict[str, Any]:
    """One factor; of what it is checked by, nothing."""
    shown: dict[str, Any] = {
        "id": factor.id,
        "factorType": type_of(factor.kind),
        "provider": factor.provider,
        "vendorName": factor.provider,
        "status": status_of(factor, listed),
        "created": timestamp(factor.created_at),
        "lastUpdated": timestamp(factor.updated_at),
    }
    profile = profile_json(factor, user)
    if profile:
        shown["profile"] = profile
    return shown | {"_links": _links(factor, user, call)}


def profile_json(factor: Factor, user: User) -> dict[str, Any]:
    """What a factor is, as the vendor's clients read it."""
    profile = profile_of(factor, user.login)
    if factor.kind == "question":
        profile["questionText"] = QUESTIONS.get(factor.question or "", "")
    return profile


def status_of(factor: Factor, listed: AuthenticatorList) -> str:
    """ACTIVE ones of a kind that is switched off are INACTIVE."""
    return "INACTIVE" if factor.status == "ACTIVE" and not listed.has_on(factor.kind) else factor.status


def activation_json(activation: Activation, qr_code: str | None) -> Mapping[str, Any] | None:
    """What the owner needs to activate a factor. ``qr_code``: where its picture is."""
    match activation:
        case SharedSecret():
            shown = {
                "timeStep": PERIOD,
                "sharedSecret": activation.secret,
                "encoding": "base32",
                "keyLength": DIGITS,
            }
            links = {} if qr_code is None else {"_links": {"qrcode": {"href": qr_code, "type": "image/png"}}}
            return shown | links
        case KeyOptions():
            return activation.options
        case _:
            return None


def factor_href(factor: Factor, call: Call) -> str:
    """Where a factor is."""
    return call.url(f"/api/v1/users/{factor.user_id}/factors/{factor.id}")


def _links(factor: Factor, user: User, call: Call) -> dict[str, Any]:
    href, owner = factor_href(factor, call), call.url(f"/api/v1/users/{user.id}")
    if factor.status == "PENDING_ACTIVATION":
        links = {"activate": link(f"{href}/lifecycle/activate", "POST"), "self": link(href, "GET")}
        if factor.kind == "email":
            # An object: official SDKs refuse the array that was answered once.
            links["resend"] = {"name": "email"} | link(f"{href}/resend", "POST")
    elif factor.kind == "question":
        links = {"questions": link(f"{owner}/factors/questions", "GET"), "self": link(href, "GET", "DELETE")}
    else:
        links = {"verify": link(f"{href}/verify", "POST"), "self": link(href, "GET", "DELETE")}
    return links | {"user": link(owner, "GET")}
