"""``/account``: what its owner signs in with, and where they are remembered."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...clock import timestamp
from ...factors.answers import Passcode
from ...factors.kind import Activation, Ask, CodeSent, KeyOptions, SharedSecret
from ...factors.qr_codes import svg
from ...factors.refusals import FactorRefused, TooFast
from ...factors.wire import masked, registration_of
from ...http import Response
from ...recovery.address_change import session_binding
from ...recovery.refusals import NotOpen, TooOften, WrongAnswer
from ...self_service.addresses import OwnAddresses
from ...self_service.links import OwnLinks
from ...self_service.refusals import NotDone
from ...sign_on.factor_steps import FactorSteps
from ...sign_on.next_step import Known
from ...sign_on.sessions import SignedOn, latest
from ...storage.errors import Conflict, NotFound
from ...storage.factors import Factor, FactorKind
from ...storage.remembered_browsers import RememberedBrowsers
from ...storage.sessions import Session, Sessions
from ...storage.sign_on_transactions import Proof
from ...storage.users import User
from ..approve import WaitingRequest, WaitingRequests
from ..client_view import view_of
from ..enrol import LEADS, NAMES
from ..steps import Steps
from ..visit import Visit, see_other
from .frame import Frame, Own

_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class FactorsPage:
    """Shows and changes."""

    frame: Frame
    factor_steps: Callable[[], FactorSteps]
    addresses: Callable[[], OwnAddresses]
    remembered: RememberedBrowsers
    sessions: Sessions
    links: Callable[[], OwnLinks]
    requests: WaitingRequests

    @property
    def steps(self) -> Steps:
        """What pages of sign-ons have in common."""
        return self.frame.steps

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, "", lambda visit, own: self._shown(visit, own))

    def post(self, visit: Visit) -> Response:
        """One change, and the page again."""
        changes = {"address": self._asked_address, "confirm": self._confirmed_address}
        return self.frame.checked(visit, "", changes.get(visit.form.text("act"), self._changed))

    def _changed(self, visit: Visit, own: Own) -> Response:
        form, act = visit.form, visit.form.text("act")
        try:
            match act:
                case "set_up":
                    return self._set_up(visit, own)
                case "remove":
                    return self._removed(visit, own)
                case "rename":
                    self._renamed(visit, own)
                case "codes":
                    return self._codes(visit, own)
                case "forget":
                    self.remembered.forget(own.person.user.id, form.text("browser"))
                case "everywhere":
                    self.sessions.end_all(own.person.user.id)
                    cookies = self.steps.browsers.sign_out(visit.request, now=visit.now)
                    return self.steps.pages.signed_out(visit.request).with_headers(*cookies)
                case _ if form.text("choose"):
                    return self._begun(visit, own)
        except (NotFound, Conflict):
            pass  # it is gone, or changed: the page shows how it stands
        return see_other("/account")

    def _begun(self, visit: Visit, own: Own) -> Response:
        kind = next((kind for kind in NAMES if kind == visit.form.text("choose")), None)
        if kind is None:
            return see_other("/account")
        try:
            factor, activation = self.factor_steps().factors.enrol(
                own.person.user, kind, now=visit.now, request=visit.request, binding=_binding(own.session)
            )
        except TooFast as fast:
            return self._refused(visit, own, "challenge.too_fast", 429).with_headers(*fast.allowance.headers())
        except FactorRefused:
            return self._refused(visit, own, "account.not_offered", 422)
        return self._setting_up(visit, own, factor, activation)

    def _set_up(self, visit: Visit, own: Own) -> Response:
        form, factors = visit.form, self.factor_steps().factors
        factor = factors.get(own.person.user, form.text("factor"))
        names = ("clientData", "attestation", "transports", "clientExtensions")
        try:
            if form.text("clientData"):
                answer: Any = registration_of({name: form.text(name) for name in names})
            else:
                answer = Passcode(form.text("code"))
            active = factors.activate(
                own.person.user, factor, answer, now=visit.now, request=visit.request, binding=_binding(own.session)
            )
        except TooFast as fast:
            refused = self._refused(visit, own, "challenge.too_fast", 429)
            return refused.with_headers(*fast.allowance.headers())
        except FactorRefused:
            if factor.kind != "totp":  # its challenge is used up: from the start
                return self._refused(visit, own, "challenge.wrong", 422)
            shared = factors.shown(own.person.user, factor, now=visit.now, request=visit.request)
            return self._setting_up(visit, own, factor, shared, problem="challenge.wrong")
        proof = Proof(active.kind, visit.now, active.id, synced=active.synced, verified=active.verified)
        raised = SignedOn(own.person, latest((*own.session.proved, proof)), raises=own.session)
        guest = self.steps.browsers.sign_in(visit.request, raised, now=visit.now)
        return see_other("/account").with_headers(*guest.cookies)

    def _asked_address(self, visit: Visit, own: Own) -> Response:
        """A code goes to the new address."""
        address, binding = visit.form.text("address").strip(), session_binding(own.session.id)
        try:
            self.addresses().ask(own.person.user, binding, address, "PRIMARY", now=visit.now)
        except WrongAnswer:
            return self._shown(visit, own, problem="account.no_address", status=422)
        except NotDone:
            return self._shown(visit, own, problem="account.changed_meanwhile", status=409)
        except TooOften as often:
            refused = self._shown(visit, own, problem="challenge.too_fast", status=429)
            return refused.with_headers(*often.allowance.headers())
        return see_other("/account")

    def _confirmed_address(self, visit: Visit, own: Own) -> Response:
        """The code came back: that is the address from now on, and codes go to the old one no more."""
        code, binding = "".join(visit.form.text("code").split()), session_binding(own.session.id)
        try:
            self.addresses().confirm(own.person.user, binding, code, visit.request, now=visit.now)
        except WrongAnswer:
            return self._shown(visit, own, problem="challenge.wrong", status=422)
        except NotOpen:
            return self._shown(visit, own, problem="account.address_gone", status=422)
        return see_other("/account")

    def _removed(self, visit: Visit, own: Own) -> Response:
        factor = self.factor_steps().factors.get(own.person.user, visit.form.text("factor"))
        try:
            ways = self.links().ways.beside_factor(own.person.user.id, factor)
        except NotDone:
            return self._shown(visit, own, problem="account.needed", status=409)
        if self.frame.account().is_needed(own.person, own.known, factor, visit.caller, now=visit.now):
            return self._shown(visit, own, problem="account.needed", status=409)
        # Of two that may each go if the other one stays, one stays.
        others = [*(each for each in own.known.factors if each.id != factor.id), *ways]
        self.factor_steps().factors.remove(own.person.user, factor, now=visit.now, request=visit.request, beside=others)
        return see_other("/account")

    def _renamed(self, visit: Visit, own: Own) -> None:
        factor = next((each for each in own.known.factors if each.id == visit.form.text("factor")), None)
        name = " ".join(visit.form.text("name").split())[:_LONGEST_NAME]
        if factor is not None and name:
            self.factor_steps().factors.rename(own.person.user, factor, name, now=visit.now, request=visit.request)

    def _codes(self, visit: Visit, own: Own) -> Response:
        """New ones, shown once. Who has no other factor needs none: they would be the only one."""
        if not own.known.factors:
            return see_other("/account")
        codes = self.factor_steps().factors.recovery.renew(Ask(own.person.user, visit.now, visit.request))
        return self._shown(visit, own, codes=codes)

    def _refused(self, visit: Visit, own: Own, problem: str, status: int) -> Response:
        own = Own(own.session, own.person, self.frame.account().known(own.session, own.person))
        return self._shown(visit, own, problem=problem, status=status)

    def _setting_up(
        self, visit: Visit, own: Own, factor: Factor, activation: Activation, *, problem: str = ""
    ) -> Response:
        pages, request = self.steps.pages, visit.request
        options: Any = activation.options if isinstance(activation, KeyOptions) else {}
        shared = activation if isinstance(activation, SharedSecret) else None
        address = masked(activation.address) if isinstance(activation, CodeSent) else ""
        values: dict[str, Any] = {
            "action": "/account",
            "asked": factor.kind,
            "lead": pages.text(LEADS[factor.kind], request, address=address),
            "problem": pages.text(problem, request) if problem else "",
            "options": json.dumps(dict(options)),
            "picture": "" if shared is None else svg(shared.uri),
            "secret": "" if shared is None else shared.secret,
            "uri": "" if shared is None else shared.uri,
            "others": [],
            "login": own.person.user.login,
            "fields": {"csrf": visit.guest.csrf("account"), "factor": factor.id},
        }
        script = "keys" if factor.kind == "webauthn" else None
        return pages.show("enrol.html", request, values, status=422 if problem else 200, script=script)

    def _shown(
        self,
        visit: Visit,
        own: Own,
        *,
        problem: str = "",
        status: int = 200,
        codes: Sequence[str] = (),
    ) -> Response:
        user, known = own.person.user, own.known
        factors = self.factor_steps().factors
        values: dict[str, Any] = {
            "factors": [self._row(visit, factor) for factor in known.factors],
            "offered": [self._offer(visit, kind, user.email) for kind in NAMES if self._has_room(known, kind)],
            "codes": codes,
            "codes_left": factors.recovery.left(user),
            "browsers": [
                {"digest": each.digest, "label": each.label or "?", "since": timestamp(each.created_at)[:10]}
                for each in self.remembered.of_user(user.id)
                if each.expires_at > visit.now
            ],
            "address": user.email if self.addresses().is_open(user, "PRIMARY") else "",
            "pending": self._pending(visit, own.session, user),
            "requests": [_request(found) for found in self.requests.of(own.person, now=visit.now)],
        }
        return self.frame.show(visit, own, "", values, problem=problem, status=status)

    def _pending(self, visit: Visit, session: Session, user: User) -> str:
        """The address that a code is waited for from; empty: none."""
        change = self.addresses().change
        pending = change.pending(user, session_binding(session.id), now=visit.now) if change.on else None
        return "" if pending is None or pending.role != "PRIMARY" else masked(pending.address)

    def _row(self, visit: Visit, factor: Factor) -> dict[str, str]:
        kind = self.steps.pages.text(NAMES[factor.kind][0], visit.request)
        used = "" if factor.last_used_at is None else timestamp(factor.last_used_at)[:10]
        return {
            "id": factor.id,
            "kind": kind,
            "name": factor.name or (factor.address or kind),
            "since": timestamp(factor.created_at)[:10],
            "used": used,
        }

    def _offer(self, visit: Visit, kind: FactorKind, address: str) -> dict[str, str]:
        pages = self.steps.pages
        name, hint = (pages.text(key, visit.request, address=masked(address)) for key in NAMES[kind])
        return {"value": kind, "text": name, "hint": hint}

    def _has_room(self, known: Known, kind: FactorKind) -> bool:
        if not known.can_set_up(kind):
            return False
        return kind == "webauthn" or all(factor.kind != kind for factor in known.factors)


def _request(found: WaitingRequest) -> dict[str, Any]:
    return {
        "uri": found.onward.uri(None),
        "client": view_of(found.client).name,
        "message": found.request.binding_message,
        "at": found.asked_at,
    }


def _binding(session: Session) -> str:
    """What is begun in one session ends there, under whichever cookie."""
    return f"account {session.id}"
