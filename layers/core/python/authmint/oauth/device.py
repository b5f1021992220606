"""Device authorization (RFC 8628 §3.1–3.2, docs/protocol.md §17)."""

from typing import Final

from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..outage import Outage
from ..rate_limit import RateLimit, network_of
from ..storage.clients import secret_digest
from ..storage.device_codes import DeviceCode, DeviceCodes
from ..storage.errors import AlreadyExists
from ..storage.liveness import generations_of
from . import scopes
from .endpoint import AuthenticatedEndpoint
from .errors import NO_STORE, OAuthError, TooManyRequests, unavailable
from .grants.base import check_grant_type
from .grants.polled import INTERVAL
from .resources import targets

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
#: Seconds.
LIFETIME: Final = 600
#: Letters that are hard to confuse, and that make no words (RFC 8628 §6.1): 20^8 codes.
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH: Final = 8
_ATTEMPTS: Final = 5


class DeviceAuthorizationEndpoint:
    """POST ``/oauth2/{authServerId}/v1/device/authorize``."""

    def __init__(
        self, endpoint: AuthenticatedEndpoint, codes: DeviceCodes, limit: RateLimit, clock: Clock, ids: Ids
    ) -> None:
        """``limit``: of codes that one client asks for from one address."""
        self._endpoint = endpoint
        self._limit = limit
        self._codes = codes
        self._clock = clock
        self._ids = ids

    def __call__(self, request: Request) -> Response:
        """A device code for the device and a user code for its user."""
        try:
            return self._answer(request)
        except OAuthError as error:
            return error.response(request.base_url)
        except Outage as error:
            return unavailable(error).response(request.base_url)

    def _answer(self, request: Request) -> Response:
        now = self._clock.now()
        call = self._endpoint.open(request, endpoint="/v1/device/authorize", now=now)
        check_grant_type(DEVICE_CODE, call.client, (DEVICE_CODE,), call.profile)
        named = scopes.requested(call.form.get("scope", ""))
        asked = scopes.for_user(call.server, call.client, named)
        resources, asked = targets(call.server, call.resources, asked)
        allowance = self._limit.take(f"{call.client.id} {network_of(request.source_ip)}", now=now)
        if not allowance.allowed:
            raise TooManyRequests("too_many_user_codes", allowance)
        call.confirm()
        text = self._ids.opaque(32)
        for _ in range(_ATTEMPTS):
            user_code = self._user_code()
            code = DeviceCode(
                digest=secret_digest(text),
                user_code=user_code,
                server_id=call.server.id,
                client_id=call.client.id,
                scopes=asked,
                defaulted=not named,
                created_at=now,
                expires_at=now + LIFETIME,
                interval=INTERVAL,
                generations=generations_of(call.client),
                resources=resources,
            )
            try:
                self._codes.add(code)
            except AlreadyExists:
                continue
            return Response.json(200, _answer_of(text, user_code, request.base_url), NO_STORE)
        raise OAuthError("too_many_user_codes")

    def _user_code(self) -> str:
        """Uniform over the alphabet: 64 random bits, of which the rest of a division is not felt."""
        number = int.from_bytes(self._ids.opaque(16).encode(), "big")
        letters = []
        for _ in range(USER_CODE_LENGTH):
            number, rest = divmod(number, len(ALPHABET))
            letters.append(ALPHABET[rest])
        return "".join(letters)


def _answer_of(device_code: str, user_code: str, base_url: str) -> dict[str, object]:
    return {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": f"{base_url}/activate",
        "verification_uri_complete": f"{base_url}/activate?user_code={user_code}",
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }
