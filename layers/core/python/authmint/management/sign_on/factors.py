"""``/api/v1/users/{userId}/factors`` (docs/protocol.md §32.7): for administrators and trusted portals."""

from typing import Any, Final

from ...factors.answers import Answer, Passcode
from ...factors.enrolment_rules import Wish
from ...factors.kind import KeyOptions, Wishes
from ...factors.questions import QUESTIONS
from ...factors.refusals import Replayed
from ...factors.user_factors import UserFactors
from ...factors.wire import assertion_of, kind_of, registration_of, type_of
from ...http import Response
from ...storage.errors import NotFound
from ...storage.factors import Factor, FactorKind
from ...storage.users import User
from ..directory.people import PeopleRecords
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import ApiError, invalid_field, not_found
from ..http.fields import BLANK, Fields
from .factor_refusals import not_offered, refusals
from .factor_view import activation_json, factor_href, factor_json
from .qr_codes import QrCodes

#: What this API asks is answered here, and nowhere else.
BINDING: Final = "management"
_DEFAULT_PROVIDERS: Final = {"token:software:totp": "GOOGLE", "webauthn": "FIDO"}
_OFFERED: Final[tuple[tuple[FactorKind, str], ...]] = (
    ("totp", "GOOGLE"),
    ("webauthn", "FIDO"),
    ("email", "OKTA"),
    ("question", "OKTA"),
)
_LONGEST_LIFETIME: Final = 86_400


class FactorsResource:
    """Factors of one user: listed, enrolled, activated, verified, removed."""

    def __init__(self, records: PeopleRecords, factors: UserFactors, pictures: QrCodes) -> None:
        self._records = records
        self._factors = factors
        self._pictures = pictures

    def list(self, call: Call) -> Response:
        """200, all of them, pending ones included."""
        user = self._records.user(call)
        listed = self._factors.authenticators()
        return Response.json(200, [factor_json(factor, user, listed, call) for factor in self._factors.of(user)])

    def catalog(self, call: Call) -> Response:
        """200, what the user may enrol."""
        user = self._records.user(call)
        rules, listed = self._factors.rules.of(user, call.request), self._factors.authenticators()
        known = {(factor.kind, factor.provider): factor.status for factor in self._factors.of(user)}
        href = call.url(f"/api/v1/users/{user.id}/factors")
        offered = [
            _offer(kind, provider, rules[kind], known.get((kind, provider), "NOT_SETUP"), href)
            for kind, provider in _OFFERED
            if kind in rules and listed.has_on(kind)
        ]
        return Response.json(200, offered)

    def questions(self, call: Call) -> Response:
        """200, the questions that can be chosen."""
        self._records.user(call)
        return Response.json(200, [{"question": key, "questionText": text} for key, text in QUESTIONS.items()])

    def enrol(self, call: Call) -> Response:
        """200, the factor and what its owner needs to activate it."""
        user = self._alive(call)
        body = call.body()
        kind, provider = _read_kind(body)
        wishes, listed = _read_wishes(body, call), self._factors.authenticators()
        with refusals(sends=True):
            factor, activation = self._factors.enrol(
                user,
                kind,
                now=call.now,
                request=call.request,
                provider=provider,
                wishes=wishes,
                binding=BINDING,
                actor=call.recorder.actor,
            )
        shown = factor_json(factor, user, listed, call)
        picture = self._pictures.link(factor, call) if factor.kind == "totp" else None
        embedded = activation_json(activation, picture)
        if embedded is not None:
            shown["_embedded"] = {"activation": embedded}
        return Response.json(200, shown)

    def get(self, call: Call) -> Response:
        user, factor = self._found(call)
        return Response.json(200, factor_json(factor, user, self._factors.authenticators(), call))

    def replace(self, call: Call) -> Response:
        """200. Of a security question: another question and answer."""
        if self._found(call)[1].kind != "question":
            raise ApiError("E0000060")
        profile = call.body().below("profile")
        question, answer = profile.text("question"), profile.text("answer")
        listed = self._factors.authenticators()

        def attempt() -> Response:
            user, factor = self._found(call)
            with refusals(question=True):
                changed = self._factors.change_question(
                    user, factor, question, answer, now=call.now, request=call.request, actor=call.recorder.actor
                )
            return Response.json(200, factor_json(changed, user, listed, call))

        return call.retrying(attempt)

    def delete(self, call: Call) -> Response:
        """204. For good."""

        def attempt() -> None:
            user, factor = self._found(call)
            if user.status == "DEPROVISIONED":
                raise ApiError("E0000038")
            with refusals():
                self._factors.remove(user, factor, now=call.now, request=call.request, actor=call.recorder.actor)

        call.retrying(attempt)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        """200, the factor, ACTIVE."""
        user, factor = self._found(call)
        body, listed = call.json(), self._factors.authenticators()
        with refusals():
            answer: Answer = registration_of(body) if factor.kind == "webauthn" else _passcode(body)
            active = self._factors.activate(
                user,
                factor,
                answer,
                now=call.now,
                request=call.request,
                binding=BINDING,
                actor=call.recorder.actor,
            )
        return Response.json(200, factor_json(active, user, listed, call))

    def resend(self, call: Call) -> Response:
        """200. Another code; the one before is worth nothing."""
        user, factor = self._found(call)
        listed = self._factors.authenticators()
        with refusals(sends=True):
            self._factors.resend(
                user, factor, now=call.now, request=call.request, lifetime=_lifetime(call), binding=BINDING
            )
        return Response.json(200, factor_json(factor, user, listed, call))

    def verify(self, call: Call) -> Response:
        """200. Without an answer it asks; with one it says whether it is right. There is no session in it."""
        user, factor = self._found(call)
        body = call.json() if call.request.body.strip() else {}
        if factor.kind in {"webauthn", "email"} and not any(body.get(name) for name in ("passCode", "clientData")):
            return self._asked(user, factor, call)
        question = factor.kind == "question"
        with refusals(question=question):
            answer: Answer = assertion_of(body) if factor.kind == "webauthn" else _passcode(body)
            try:
                self._factors.verify(
                    user,
                    [factor],
                    answer,
                    binding=BINDING,
                    now=call.now,
                    request=call.request,
                    actor=call.recorder.actor,
                )
            except Replayed:
                return Response.json(200, {"factorResult": "PASSCODE_REPLAYED"})
        return Response.json(200, {"factorResult": "SUCCESS"})

    def _asked(self, user: User, factor: Factor, call: Call) -> Response:
        with refusals(sends=True):
            challenge = self._factors.challenge(
                user, [factor], binding=BINDING, now=call.now, request=call.request, lifetime=_lifetime(call)
            )
        href = factor_href(factor, call)
        # No profile: official SDKs cannot read one here.
        shown: dict[str, Any] = {
            "factorResult": "CHALLENGE",
            "_links": {"verify": link(f"{href}/verify", "POST"), "factor": link(href, "GET", "DELETE")},
        }
        if isinstance(challenge, KeyOptions):
            names = ("challenge", "userVerification", "extensions")
            shown["_embedded"] = {"challenge": {name: challenge.options[name] for name in names}}
        return Response.json(200, shown)

    def transaction(self, call: Call) -> Response:
        """404: none of the factors here is confirmed elsewhere."""
        self._found(call)
        raise not_found(call.params["transactionId"], "UserFactor")

    def reset(self, call: Call) -> Response:
        """200 ``{}``: all factors and recovery codes are gone."""

        def attempt() -> None:
            user = self._records.user(call)
            self._factors.remove_all(user, now=call.now, request=call.request, actor=call.recorder.actor)

        call.retrying(attempt)
        return Response.json(200, {})

    def _alive(self, call: Call) -> User:
        user = self._records.user(call)
        if user.status == "DEPROVISIONED":
            raise ApiError("E0000038")
        return user

    def _found(self, call: Call) -> tuple[User, Factor]:
        user = self._records.user(call)
        factor_id = call.params["factorId"]
        try:
            return user, self._factors.get(user, factor_id)
        except NotFound:
            raise not_found(factor_id, "UserFactor") from None


def _read_kind(body: Fields) -> tuple[FactorKind, str]:
    factor_type = body.text("factorType")
    if not factor_type:
        raise invalid_field("factorType", BLANK)
    provider = body.text("provider") or _DEFAULT_PROVIDERS.get(factor_type, "OKTA")
    kind = kind_of(factor_type, provider)
    if kind is None:
        raise not_offered()
    return kind, provider


def _read_wishes(body: Fields, call: Call) -> Wishes:
    profile = body.below("profile")
    wishes = Wishes(
        address=profile.text("email"),
        question=profile.text("question"),
        answer=profile.text("answer"),
        lifetime=_lifetime(call),
        vouched=call.request.query_value("activate") == "true",
    )
    body.check()
    return wishes


def _lifetime(call: Call) -> int | None:
    text = call.request.query_value("tokenLifetimeSeconds")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= _LONGEST_LIFETIME):
        raise invalid_field("tokenLifetimeSeconds", f"must be a number from 1 to {_LONGEST_LIFETIME}.")
    return int(text)


def _passcode(body: Any) -> Passcode:
    fields = Fields(body)
    return Passcode(fields.text("passCode", longest=1_000) or fields.text("answer", longest=1_000) or "")


def _offer(kind: FactorKind, provider: str, wish: Wish, status: str, href: str) -> dict[str, Any]:
    return {
        "factorType": type_of(kind),
        "provider": provider,
        "vendorName": provider,
        "enrollment": wish,
        "status": status,
        "_links": {"enroll": link(href, "POST")},
    }
