"""Device code grant (RFC 8628 §3.4–3.5)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ...ids import Ids
from ...storage.clients import secret_digest
from ...storage.device_codes import DeviceCode, DeviceCodes
from ...storage.directory import Directory
from ...storage.errors import AlreadyUsed, NotFound
from ...storage.token_families import new_family_id
from ..device import DEVICE_CODE, INTERVAL
from ..errors import OAuthError
from ..issuance import Entitlement
from ..sign_in import SignIn
from .base import Answer, GrantRequest, Tokens, answer_with, check_held, holder_of, target_of
from .token_families import start

if TYPE_CHECKING:
    from ..issuance import Draft

_REFUSAL = "invalid_device_code"


@dataclass(frozen=True)
class VerifiedDevice:
    """A device code that its user approved, and that can be redeemed once."""

    entitlement: Entitlement
    code: DeviceCode
    request: GrantRequest
    grant: "DeviceCodeGrant"

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Use the code up and store its family: one transaction."""
        return self.grant.redeem(self, draft, tokens)


class DeviceCodeGrant:
    """A device asks whether its user has decided, over and over."""

    name: ClassVar[str] = DEVICE_CODE

    def __init__(self, codes: DeviceCodes, directory: Directory, ids: Ids) -> None:
        self._codes = codes
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> VerifiedDevice:
        """The code is this client's at this server, approved, and neither client nor user were deactivated since."""
        code = self._code(request)
        self._check_decided(request, code)
        person = holder_of(self._directory, code.user_id, code, refusal=_REFUSAL)
        resource = target_of(request, code.resources or None)
        own = () if resource is None or not request.resources else (resource.uri,)
        entitlement = Entitlement(
            self.name,
            code.scopes,
            defaulted=code.defaulted,
            sign_in=SignIn(person, code.auth_time, code.amr, idp=code.idp),
            family_id=new_family_id(self._ids),
            resource=resource,
            resources=code.resources or own,
            jkt=request.jkt,
        )
        return VerifiedDevice(entitlement, code, request, self)

    def _code(self, request: GrantRequest) -> DeviceCode:
        try:
            code = self._codes.get(secret_digest(request.parameter("device_code")))
        except NotFound:
            raise OAuthError(_REFUSAL, reason="unknown") from None
        check_held(code, request, refusal=_REFUSAL)
        return code

    def _check_decided(self, request: GrantRequest, code: DeviceCode) -> None:
        """Whether the user approved. Raises OAuthError: not yet, no, too late, or asked too often."""
        if code.expires_at <= request.now:
            raise OAuthError("expired_token")
        if code.status == "SPENT":
            raise OAuthError(_REFUSAL, reason="used before")
        if code.status == "DENIED":
            raise OAuthError("device_denied")
        if code.status == "PENDING":
            hasty = request.now - code.polled_at < code.interval
            interval = code.interval + INTERVAL if hasty else code.interval
            self._codes.polled(code, at=request.now, interval=interval)
            raise OAuthError("slow_down" if hasty else "authorization_pending")

    def redeem(self, verified: VerifiedDevice, draft: "Draft", tokens: Tokens) -> Answer:
        """Use the code up, and store the family that it begins."""
        code = verified.code
        begun = start(verified.request, verified.entitlement, draft, self._ids, session_id=code.session_id)
        try:
            self._codes.redeem(code, begun.family, begun.record)
        except AlreadyUsed:
            raise OAuthError(_REFUSAL, reason="used by another request") from None
        return answer_with(draft, tokens, refresh_token=begun.text)
