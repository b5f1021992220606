"""Passwords and recovery of users (docs/protocol.md §27.2): changed, expired, reset, forgotten."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...directory.recovery_tokens import issue
from ...http import Response
from ...storage.events import Event
from ...storage.users import User
from ..http.call import Call
from ..http.errors import ApiError
from .people import PeopleRecords, user_party
from .user_body import new_password, recovery_question
from .user_lifecycle import moved
from .user_view import credentials_json, user_json

_CHANGEABLE: Final = frozenset({"ACTIVE", "PASSWORD_EXPIRED", "STAGED", "RECOVERY"})
_WRONG: Final = "Old Password is not correct"


class UserCredentials:
    """What is proved by a password, and how a new one is come by."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records

    def change_password(self, call: Call) -> Response:
        """200, the credentials. The old password is asked for, and the last ones cannot be chosen again."""
        self._records.user(call)
        body = call.body()
        old = body.below("oldPassword").text("value", required=True, longest=10_000) or ""
        new = body.below("newPassword").text("value", required=True, longest=10_000) or ""
        body.check()

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.password is None or before.status not in _CHANGEABLE:
                raise ApiError("E0000035")
            self._prove(before, old)
            after = replace(before, password=new_password(before, new, self._records, call.now, own=True), ticket=None)
            status = before.status if before.status == "STAGED" else "ACTIVE"
            after = replace(after, updated_at=call.now) if status == before.status else moved(after, status, call.now)
            return after, [call.recorder.event("user.account.update_password", user_party(before))]

        return Response.json(200, credentials_json(self._records.change(call, change)))

    def change_recovery_question(self, call: Call) -> Response:
        """200, the credentials. The password is asked for."""
        self._records.user(call)
        body = call.body()
        password = body.below("password").text("value", required=True, longest=10_000) or ""
        asked = body.below("recovery_question")
        question = asked.text("question", required=True, longest=100) or ""
        answer = asked.text("answer", required=True, longest=100) or ""
        body.check()

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.password is None or before.status not in _CHANGEABLE:
                raise ApiError("E0000038")
            self._prove(before, password)
            recovery = recovery_question((question, answer), self._records)
            event = call.recorder.event("user.account.update_profile", user_party(before))
            return replace(before, recovery=recovery, updated_at=call.now), [event]

        return Response.json(200, credentials_json(self._records.change(call, change)))

    def expire_password(self, call: Call) -> Response:
        """200, the user; with ``tempPassword=true`` a password that is good for one change."""
        if call.request.query_value("tempPassword") == "true":
            return self.expire_password_with_temp_password(call)
        return Response.json(200, user_json(self._expired(call, None), call))

    def expire_password_with_temp_password(self, call: Call) -> Response:
        temporary = f"Aa0{self._records.ids.opaque(9)}"
        self._expired(call, temporary)
        return Response.json(200, {"tempPassword": temporary})

    def _expired(self, call: Call, temporary: str | None) -> User:
        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.status not in {"ACTIVE", "PASSWORD_EXPIRED"}:
                raise ApiError("E0000038")
            after = moved(before, "PASSWORD_EXPIRED", call.now)
            if temporary is not None:
                after = replace(after, password=new_password(before, temporary, self._records, call.now))
            elif before.password is None:
                raise ApiError("E0000038")
            return after, [call.recorder.event("user.account.expire_password", user_party(before))]

        return self._records.change(call, change)

    def reset_password(self, call: Call) -> Response:
        """200, a URL with a token, or ``{}`` where a message would be sent. Until then nobody signs in."""
        return self._recovery(call, "E0000038", "user.account.reset_password")

    def forgot_password(self, call: Call) -> Response:
        return self._recovery(call, "E0000034", "user.account.reset_password")

    def _recovery(self, call: Call, refusal: str, event_type: str) -> Response:
        told = call.request.query_value("sendEmail") == "false"
        answer: dict[str, Any] = {}

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.status in {"STAGED", "SUSPENDED", "DEPROVISIONED"}:
                raise ApiError(refusal)
            after = before if before.status == "PROVISIONED" else moved(before, "RECOVERY", call.now)
            lifetime = self._records.policy.ticket_lifetime
            text, ticket = issue(before.id, "recovery", self._records.ids, now=call.now, lifetime=lifetime)
            if told:
                answer["resetPasswordUrl"] = call.url(f"/reset_password/{text}")
            return replace(after, ticket=ticket), [call.recorder.event(event_type, user_party(before))]

        self._records.change(call, change)
        return Response.json(200, answer)

    def _prove(self, user: User, password: str) -> None:
        if user.password is None or not self._records.hashes.fits(password, user.password.hash):
            raise ApiError("E0000014", causes=[_WRONG])
