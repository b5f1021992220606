"""Device code grant (RFC 8628 §3.4–3.5)."""

from typing import ClassVar

from ...ids import Ids
from ...storage.clients import secret_digest
from ...storage.device_codes import DeviceCode, DeviceCodes
from ...storage.directory import Directory
from ...storage.errors import AlreadyUsed, NotFound
from ..device import DEVICE_CODE, INTERVAL
from ..errors import OAuthError
from ..sign_in import SignIn
from .base import Entitlement, GrantRequest, Issued
from .families import new_family_id, start


class DeviceCodeGrant:
    """A device asks whether its user has decided, over and over."""

    grant_type: ClassVar[str] = DEVICE_CODE

    def __init__(self, codes: DeviceCodes, directory: Directory, ids: Ids) -> None:
        self._codes = codes
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> Entitlement:
        code = self._decided(request, self._code(request))
        try:
            person = self._directory.person(code.user_id or "")
        except NotFound:
            raise OAuthError("invalid_device_code", reason="the user is gone") from None
        if person.user.status != "ACTIVE":
            raise OAuthError("invalid_device_code", reason=f"the user is {person.user.status}")
        sign_in = SignIn(person, code.auth_time, code.amr)
        return Entitlement(code.scopes, code.defaulted, sign_in, new_family_id(self._ids), proof=code)

    def _code(self, request: GrantRequest) -> DeviceCode:
        if "device_code" not in request.form:
            raise OAuthError("missing_token_request_parameter", "device_code")
        try:
            code = self._codes.get(secret_digest(request.form["device_code"]))
        except NotFound:
            raise OAuthError("invalid_device_code", reason="unknown") from None
        if code.client_id != request.client.id:
            raise OAuthError("mismatched_client")
        if code.server_id != request.server.id:
            raise OAuthError("mismatched_authorization_server")
        return code

    def _decided(self, request: GrantRequest, code: DeviceCode) -> DeviceCode:
        """The code, approved. Raises OAuthError: not yet, no, too late, or asked too often."""
        if code.expires_at <= request.now:
            raise OAuthError("expired_token")
        if code.status == "SPENT":
            raise OAuthError("invalid_device_code", reason="used before")
        if code.status == "DENIED":
            raise OAuthError("device_denied")
        if code.status == "PENDING":
            hasty = request.now - code.polled_at < code.interval
            interval = code.interval + INTERVAL if hasty else code.interval
            self._codes.polled(code, at=request.now, interval=interval)
            raise OAuthError("slow_down" if hasty else "authorization_pending")
        return code

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:
        code: DeviceCode = entitlement.proof
        begun = start(request, entitlement, issued, self._ids, policy_grant=DEVICE_CODE, session=code.session_id)
        token = None if begun.refresh_token is None else begun.refresh_token.record
        try:
            self._codes.redeem(code, begun.family, token)
        except AlreadyUsed:
            raise OAuthError("invalid_device_code", reason="used by another request") from None
        return issued.body()
