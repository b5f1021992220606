"""``/api/v1/authn/recovery``: a forgotten password or a lock, by what was mailed (docs/protocol.md §31.9).

A state token is a handle and the ticket itself: what was proved is stored under the handle, the ticket nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...api_errors import ApiError
from ...clock import timestamp
from ...directory.password_change import NotChangeable, UnsuitablePassword
from ...factors.answers import Passcode
from ...factors.refusals import FactorRefused
from ...factors.user_factors import UserFactors
from ...factors.wire import profile_of, type_of
from ...http import Response
from ...ids import Ids
from ...recovery.helpdesk import Helpdesk, Wish
from ...recovery.recovery import Needed, Recovery
from ...recovery.refusals import NotOpen, ProofMissing, TooOften, WrongAnswer
from ...recovery.tickets import Opened
from ...storage.clients import secret_digest
from ...storage.errors import Conflict, NotFound
from ...storage.sign_on_transactions import Proof, SignOnTransaction, SignOnTransactions
from ...storage.users import User
from ..api_call import JsonBody
from ..visit import Visit
from .factor_answers import refusal
from .view import password_policy_view, user_view

#: Seconds for all steps.
_LIFETIME: Final = 600
_RECOVERY_CODE: Final = "recovery_code"
_RECOVERY_TYPES: Final[Mapping[str, str]] = {"password": "PASSWORD", "activation": "PASSWORD", "unlock": "UNLOCK"}


@dataclass(frozen=True)
class _At:
    """Where somebody stands with a ticket."""

    handle: str
    steps: SignOnTransaction
    opened: Opened


@dataclass(frozen=True)
class RecoveryApi:
    """Asks for mail, and takes what comes of it. ``steps``: what was proved beside tickets."""

    helpdesk: Helpdesk
    recovery: Recovery
    factors: UserFactors
    steps: SignOnTransactions
    ids: Ids

    def handler(self, about: str) -> Callable[[Visit], Response] | None:
        """By the path below ``/api/v1/authn/recovery``; ``None``: it is none of these."""
        table: dict[str, Callable[[Visit], Response]] = {
            "/password": lambda visit: self._asked(visit, "password"),
            "/unlock": lambda visit: self._asked(visit, "unlock"),
            "/token": self._token,
            "/answer": self._answer,
        }
        return table.get(about)

    def _asked(self, visit: Visit, wish: Wish) -> Response:
        """200, the same for everybody; a program that may manage users gets the ticket, where it names no factor.

        Raises:
            ApiError: E0000047; of such a program E0000095: there is no such user; E0000034: who may not get back in so.
        """
        body = JsonBody.read(visit.request)
        username, ticket = body.text("username", longest=320), None
        vouched = visit.vouched and body.members.get("factorType") is None
        try:
            if vouched:
                ticket = self.helpdesk.vouch(username, wish, visit.request, now=visit.now)
            else:
                self.helpdesk.ask(username, wish, visit.request, now=visit.now)
        except TooOften as often:
            raise ApiError("E0000047", headers=often.allowance.headers()) from None
        except NotFound:
            raise ApiError("E0000095") from None
        if vouched:
            return self._handed_over(visit, ticket, wish)
        answer = {
            "status": "RECOVERY_CHALLENGE",
            "factorResult": "WAITING",
            "factorType": "EMAIL",
            "recoveryType": _RECOVERY_TYPES[wish],
        }
        return Response.json(200, answer)

    def _handed_over(self, visit: Visit, ticket: str | None, wish: Wish) -> Response:
        if ticket is None:
            raise ApiError("E0000034")
        answer = {
            "status": "RECOVERY",
            "recoveryToken": ticket,
            "recoveryType": _RECOVERY_TYPES[wish],
            "_links": {"next": _link(f"{visit.request.base_url}/api/v1/authn/recovery/token", "recovery")},
        }
        return Response.json(200, answer)

    def _token(self, visit: Visit) -> Response:
        """200: what has to be proved, or the new password. Of a locked account: it is not any more.

        Raises:
            ApiError: E0000011.
        """
        opened = self._opened(visit, JsonBody.read(visit.request).text("recoveryToken", longest=256))
        if opened.purpose == "unlock":
            try:
                user = self.recovery.unlock(opened, now=visit.now, request=visit.request)
            except NotOpen:
                raise _invalid() from None
            answer = {"status": "SUCCESS", "recoveryType": "UNLOCK", "_embedded": {"user": user_view(user)}}
            return Response.json(200, answer)
        return self._begun(visit, opened, {})

    def activate(self, visit: Visit, body: JsonBody, relayed: Mapping[str, str]) -> Response:
        """200 PASSWORD_RESET, by what an activation mailed.

        Raises:
            ApiError: E0000004, as for a wrong password.
        """
        try:
            opened = self.recovery.open(body.text("token", longest=256), visit.request, now=visit.now)
        except NotOpen:
            raise ApiError("E0000004") from None
        if opened.purpose != "activation":
            raise ApiError("E0000004")
        return self._begun(visit, opened, relayed)

    def standing(self, visit: Visit, body: JsonBody) -> Response:
        """200, where a state token stands. Raises ApiError (E0000011)."""
        return self._shown(visit, self._found(visit, body))

    def cancel(self, visit: Visit, body: JsonBody) -> Response:
        """200: what was proved is forgotten. What was mailed is as good as before. Raises ApiError (E0000011)."""
        at = self._found(visit, body)
        self._end(at)
        return Response.json(200, _relayed_of(at))

    def _begun(self, visit: Visit, opened: Opened, relayed: Mapping[str, str]) -> Response:
        handle = self.ids.opaque(32)
        steps = SignOnTransaction(
            digest=secret_digest(handle),
            user_id=opened.user.id,
            proofs=(),
            created_at=visit.now,
            expires_at=min(visit.now + _LIFETIME, opened.expires_at),
            onward={**relayed, "ticket": secret_digest(opened.text)},
        )
        self.steps.add(steps)
        return self._shown(visit, _At(handle, steps, opened))

    def _answer(self, visit: Visit) -> Response:
        """200: the new password is next. Raises ApiError (E0000011, E0000047, E0000068, E0000079)."""
        body = JsonBody.read(visit.request)
        at = self._found(visit, body)
        if self._needed(at).question is None:
            raise _out_of_turn()
        try:
            proof = self.recovery.answer(at.opened.user, body.text("answer", longest=1_000), now=visit.now)
        except TooOften as often:
            raise ApiError("E0000047", headers=often.allowance.headers()) from None
        except WrongAnswer:
            cause = "Your answer doesn't match our records. Please try again."
            raise ApiError("E0000068", causes=[cause]) from None
        return self._shown(visit, self._proved(at, proof))

    def verify(self, visit: Visit, factor_id: str) -> Response:
        """200: the new password is next. Raises ApiError."""
        body = JsonBody.read(visit.request)
        at = self._found(visit, body)
        needed = self._needed(at)
        if factor_id == _RECOVERY_CODE and needed.factors:
            return self._spared(visit, at, body)
        chosen = [factor for factor in needed.factors if factor.id == factor_id and factor.kind == "totp"]
        if not chosen:
            raise _out_of_turn()
        try:
            proof = self.factors.verify(
                at.opened.user,
                chosen,
                Passcode(body.text("passCode", longest=64)),
                binding=at.steps.digest,
                now=visit.now,
                request=visit.request,
            )
        except FactorRefused as refused:
            raise refusal(refused) from None
        return self._shown(visit, self._proved(at, proof))

    def _spared(self, visit: Visit, at: _At, body: JsonBody) -> Response:
        """A recovery code, in the place of a factor."""
        text, binding = body.text("passCode", longest=64), at.steps.digest
        try:
            proof = self.factors.recovery.verify(
                at.opened.user, text, binding=binding, now=visit.now, request=visit.request
            )
        except FactorRefused as refused:
            raise refusal(refused) from None
        return self._shown(visit, self._proved(at, proof))

    def reset_password(self, visit: Visit, activated: Callable[[Visit, User, Mapping[str, str]], Response]) -> Response:
        """200 SUCCESS. Nobody is signed in by it: whoever holds the mail need not be who forgot.

        Who has a first password now goes on as ``activated`` says: nobody else could have had one.

        Raises:
            ApiError: E0000011, E0000079 (something has to be proved first), E0000080.
        """
        body = JsonBody.read(visit.request)
        at = self._found(visit, body)
        revoke = body.members.get("revokeSessions") is True
        try:
            user = self.recovery.set_password(
                at.opened,
                body.text("newPassword"),
                now=visit.now,
                request=visit.request,
                proofs=at.steps.proofs,
                revoke=revoke,
            )
        except ProofMissing:
            raise _out_of_turn() from None
        except UnsuitablePassword as error:
            cause = at.opened.decision.policy.refusal(error.lacks)
            raise ApiError("E0000080", causes=[cause]) from None
        except (NotOpen, NotChangeable):
            raise _invalid() from None
        self._end(at)
        if at.opened.purpose == "activation":
            return activated(visit, user, _relayed_of(at))
        answer = {"status": "SUCCESS", "recoveryType": "PASSWORD", "_embedded": {"user": user_view(user)}}
        return Response.json(200, answer)

    def _found(self, visit: Visit, body: JsonBody) -> _At:
        handle, _, text = body.text("stateToken", longest=512).partition("~")
        try:
            steps = self.steps.get(secret_digest(handle))
        except NotFound:
            raise _invalid() from None
        if steps.expires_at <= visit.now or steps.onward.get("ticket") != secret_digest(text):
            raise _invalid()
        opened = self._opened(visit, text)
        if opened.user.id != steps.user_id:
            raise _invalid()
        return _At(handle, steps, opened)

    def _opened(self, visit: Visit, text: str) -> Opened:
        try:
            return self.recovery.open(text, visit.request, now=visit.now)
        except NotOpen:
            raise _invalid() from None

    def _needed(self, at: _At) -> Needed:
        try:
            needed = self.recovery.needed(at.opened)
        except ProofMissing:
            raise ApiError("E0000034") from None
        apps = any(factor.kind == "totp" for factor in needed.factors)
        if needed.factors and not apps and not self.factors.recovery.left(at.opened.user):
            raise ApiError("E0000034")
        return needed

    def _proved(self, at: _At, proof: Proof) -> _At:
        try:
            moved = self.steps.move(at.steps, replace(at.steps, proofs=(*at.steps.proofs, proof)))
        except (Conflict, NotFound):
            raise _out_of_turn() from None
        return replace(at, steps=moved)

    def _end(self, at: _At) -> None:
        try:
            self.steps.end(at.steps)
        except NotFound:
            return

    def _shown(self, visit: Visit, at: _At) -> Response:
        base, needed = f"{visit.request.base_url}/api/v1/authn", self._needed(at)
        proved = any(
            proof.method in {"question", "recovery_code"} or proof.factor_id is not None for proof in at.steps.proofs
        )
        embedded: dict[str, Any] = {"user": user_view(at.opened.user)}
        links: dict[str, Any] = {}
        if not proved and needed.question is not None:
            status = "RECOVERY"
            embedded["user"]["recovery_question"] = {"question": needed.question}
            links["next"] = _link(f"{base}/recovery/answer", "answer")
        elif not proved and needed.factors:
            status = "MFA_REQUIRED"
            embedded["factors"] = [
                {
                    "id": factor.id,
                    "factorType": type_of(factor.kind),
                    "provider": factor.provider,
                    "vendorName": factor.provider,
                    "profile": profile_of(factor, at.opened.user.login),
                    "_links": {"verify": _link(f"{base}/factors/{factor.id}/verify")},
                }
                for factor in needed.factors
                if factor.kind == "totp"
            ]
            embedded["policy"] = {"allowRememberDevice": False, "rememberDeviceLifetimeInMinutes": 0,
                                  "rememberDeviceByDefault": False, "factorsPolicyInfo": {}}  # fmt: skip
        else:
            status = "PASSWORD_RESET"
            embedded["policy"] = password_policy_view(at.opened.decision.policy)
            links["next"] = _link(f"{base}/credentials/reset_password", "resetPassword")
        answer = {
            "stateToken": f"{at.handle}~{at.opened.text}",
            "expiresAt": timestamp(at.steps.expires_at),
            "status": status,
            "recoveryType": _RECOVERY_TYPES[at.opened.purpose],
            **_relayed_of(at),
            "_embedded": embedded,
            "_links": {**links, "cancel": _link(f"{base}/cancel")},
        }
        return Response.json(200, answer)


def _relayed_of(at: _At) -> dict[str, str]:
    return {name: value for name, value in at.steps.onward.items() if name == "relayState"}


def _link(href: str, name: str | None = None) -> dict[str, Any]:
    return {**({} if name is None else {"name": name}), "href": href, "hints": {"allow": ["POST"]}}


def _invalid() -> ApiError:
    return ApiError("E0000011")


def _out_of_turn() -> ApiError:
    cause = "This operation is not allowed in the current authentication state."
    return ApiError("E0000079", causes=[cause])
