"""Requests that give nothing, and have their user set up factors (docs/protocol.md §4.15)."""

from typing import Final

from ...sign_on.context_classes import TWO_IF_POSSIBLE
from ...storage.factors import FactorKind
from ..errors import OAuthError
from ..security_profile import Profile
from .parameters import Parameters
from .request import Arrival
from .vocabulary import ENROLLING

#: What can be set up on the pages, by the names of methods that clients know (RFC 8176, and those of Okta's products).
KINDS: Final[dict[str, FactorKind]] = {
    "google_otp": "totp",
    "okta_verify": "totp",
    "otp": "totp",
    "pop": "webauthn",
    "email": "email",
}


def kinds_asked(arrival: Arrival, profile: Profile) -> tuple[FactorKind, ...]:
    """What the user is to set up, in that order.

    Raises:
        OAuthError: The request asks for something else besides, or not for a fresh sign-in, or for what is unknown.
    """
    sent, client = arrival.parameters, arrival.client
    if profile.strict:
        raise OAuthError("unsupported_response_type", ", ".join(profile.response_types(client.response_types)))
    if "authorization_code" not in client.grant_types:
        raise OAuthError("unauthorized_client", ", ".join(client.grant_types))
    if (sent.get("prompt") or "").split() != [ENROLLING]:
        raise OAuthError("invalid_prompt_for_none_response_type")
    if sent.get("scope") is not None:
        raise OAuthError("unsupported_scope_for_none_response_type")
    if sent.get("nonce") is not None:
        raise OAuthError("unsupported_nonce_for_none_response_type")
    if sent.resources:
        raise OAuthError("unsupported_api_resource_for_none_response_type")
    if sent.get("max_age") != "0":
        raise OAuthError("invalid_max_age_for_enroll_authenticator_prompt")
    if sent.get("acr_values") != TWO_IF_POSSIBLE:
        raise OAuthError("invalid_acr_values_for_enroll_authenticator_prompt")
    return _kinds(sent)


def _kinds(sent: Parameters) -> tuple[FactorKind, ...]:
    words = (sent.get("enroll_amr_values") or "").split(" ")
    kinds = tuple(dict.fromkeys(KINDS.get(word) for word in words))
    known = tuple(kind for kind in kinds if kind is not None)
    if known != kinds:
        raise OAuthError("invalid_enroll_amr_for_none_response_type")
    return known
