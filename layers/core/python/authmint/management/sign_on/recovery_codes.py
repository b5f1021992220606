"""``/api/v1/users/{userId}/recoveryCodes``: made anew, counted, removed."""

from ...clock import timestamp
from ...factors.kind import Ask
from ...factors.recovery_codes import RecoveryCodeBook
from ...http import Response
from ..directory.people import PeopleRecords
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError


class RecoveryCodesResource:
    """Recovery codes of one user."""

    def __init__(self, records: PeopleRecords, codes: RecoveryCodeBook) -> None:
        self._records = records
        self._codes = codes

    def renew(self, call: Call) -> Response:
        """200, ten new codes, shown this once. All older ones are worth nothing."""

        def attempt() -> Response:
            ask = self._ask(call)
            if ask.user.status == "DEPROVISIONED":
                raise ApiError("E0000038")
            codes = self._codes.renew(ask)
            return Response.json(200, {"created": timestamp(call.now), "codes": list(codes)})

        return call.retrying(attempt)

    def get(self, call: Call) -> Response:
        """200, how many are left."""
        found = self._codes.of(self._records.user(call).id)
        shown = {
            "created": timestamp(found.created_at) if found.version else None,
            "remaining": len(found.digests),
            "lastUsed": None if found.last_used_at is None else timestamp(found.last_used_at),
        }
        return Response.json(200, shown)

    def delete(self, call: Call) -> Response:
        """204."""
        call.retrying(lambda: self._codes.remove(self._ask(call)))
        return NO_CONTENT

    def _ask(self, call: Call) -> Ask:
        return Ask(self._records.user(call), call.now, call.request, actor=call.recorder.actor)
