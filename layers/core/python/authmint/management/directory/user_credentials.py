"""Passwords and recovery of users (docs/protocol.md §27.2): changed, expired, reset, forgotten."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ...directory.recovery_tokens import issue
from ...http import Response
from ...recovery.tickets import bound
from ...storage.clients import secret_digest
from ...storage.events import Event
from ...storage.outbox import Mail
from ...storage.recovery_tickets import RecoveryTicket
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
        revoke = body.flag("revokeSessions", default=False)
        body.check()
        strict = call.request.query_value("strict") == "true"

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.password is None or before.status not in _CHANGEABLE:
                raise ApiError("E0000035")
            self._prove(before, old)
            least = self._records.decision(before, call).policy.min_age
            if strict and call.now - before.password.changed_at < least:
                raise ApiError("E0000080", causes=["Password cannot be changed this soon."])
            return self._chosen(before, new, call, revoke=revoke)

        return self._credentials(call, change)

    def forgot_password_recovery_question(self, call: Call) -> Response:
        """200, the credentials: another password for who answers the question of the user."""
        self._records.user(call)
        body = call.body()
        new = body.below("password").text("value", required=True, longest=10_000) or ""
        answer = body.below("recovery_question").text("answer", required=True, longest=100) or ""
        body.check()

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.password is None or before.recovery is None or before.status != "ACTIVE":
                raise ApiError("E0000034")
            allowance = self._records.answers.take(before.id, now=call.now)
            if not allowance.allowed:
                raise ApiError("E0000047", headers=allowance.headers())
            if not self._records.hashes.fits(answer.strip().casefold(), before.recovery.answer):
                raise ApiError("E0000087")
            return self._chosen(before, new, call, revoke=True)

        return self._credentials(call, change)

    def _chosen(self, before: User, new: str, call: Call, *, revoke: bool) -> tuple[User, Sequence[Event]]:
        """The user with a new password of its own. Sessions end with the old one; ``revoke``: tokens, too."""
        after = replace(
            before,
            password=new_password(before, new, self._records, call, own=True),
            ticket=None,
            token_generation=before.token_generation + revoke,
        )
        status = before.status if before.status == "STAGED" else "ACTIVE"
        after = replace(after, updated_at=call.now) if status == before.status else moved(after, status, call.now)
        return after, [call.recorder.event("user.account.update_password", user_party(before))]

    def _credentials(self, call: Call, change: Callable[[User], tuple[User, Sequence[Event]]]) -> Response:
        """The answer to a new password, of which its owner is told."""
        changed = self._records.change(
            call, change, lambda user: self._records.letters.to(user, "PasswordChanged", now=call.now)
        )
        return Response.json(200, credentials_json(changed))

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
                after = replace(after, password=new_password(before, temporary, self._records, call))
            elif before.password is None:
                raise ApiError("E0000038")
            return after, [call.recorder.event("user.account.expire_password", user_party(before))]

        return self._records.change(call, change)

    def reset_password(self, call: Call) -> Response:
        """200, a URL with a token, or ``{}`` and a mail with it. Until then nobody signs in."""
        told = call.request.query_value("sendEmail") == "false"
        revoke = call.request.query_value("revokeSessions") == "true"
        answer: dict[str, Any] = {}
        sent: list[Mail] = []

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.status in {"STAGED", "SUSPENDED", "DEPROVISIONED"}:
                raise ApiError("E0000038")
            after = before if before.status == "PROVISIONED" else moved(before, "RECOVERY", call.now)
            lifetime = self._records.decision(before, call).link_lifetime
            text, ticket = issue(before.id, "recovery", self._records.ids, now=call.now, lifetime=lifetime)
            link = call.url(f"/reset_password/{text}")
            if told:
                answer["resetPasswordUrl"] = link
            else:
                values = {"resetPasswordLink": link, "recoveryToken": text}
                sent[:] = self._records.letters.to(
                    before, "PasswordResetByAdmin", values, now=call.now, lifetime=lifetime
                )
            after = replace(after, ticket=ticket, token_generation=before.token_generation + revoke)
            return after, [call.recorder.event("user.account.reset_password", user_party(before))]

        self._records.change(call, change, lambda _: sent)
        return Response.json(200, answer)

    def forgot_password(self, call: Call) -> Response:
        """200, a URL with a token, or ``{}`` and a mail with it. The password of before stays good."""
        user = self._records.user(call)
        if user.status != "ACTIVE" or user.password is None:
            raise ApiError("E0000034")
        lifetime = self._records.decision(user, call).link_lifetime
        text = self._records.ids.opaque(32)
        ticket = RecoveryTicket(
            secret_digest(text), "password", user.id, bound(user, "password"), call.now, call.now + lifetime
        )
        link = call.url(f"/signin/reset-password/{text}")
        told = call.request.query_value("sendEmail") == "false"
        values = {"resetPasswordLink": link, "recoveryToken": text}
        mails = (
            () if told else self._records.letters.to(user, "ForgotPassword", values, now=call.now, lifetime=lifetime)
        )
        event = call.recorder.event("user.account.reset_password", user_party(user))
        self._records.tickets.add(ticket, [event], mails)
        return Response.json(200, {"resetPasswordUrl": link} if told else {})

    def _prove(self, user: User, password: str) -> None:
        if user.password is None or not self._records.hashes.fits(password, user.password.hash):
            raise ApiError("E0000014", causes=[_WRONG])
