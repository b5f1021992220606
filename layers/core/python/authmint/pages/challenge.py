"""``/challenge``: one more proof, of who is on the way or signed in already."""

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from ..factors.answers import Passcode
from ..factors.wire import assertion_of, masked
from ..http import Response
from ..sign_on.answers import Answer, Chosen, Proved, RecoveryCode, ThePassword
from ..sign_on.sign_on import Pending
from ..storage.factors import Factor
from ..web.security_headers import Forms
from .factor_form import FactorForm
from .steps import step_uri
from .visit import Visit, see_other

#: What is proved without a factor of its own: how the pages name it.
_METHODS: Final = {"password": "factor.password", "recovery_code": "factor.recovery_code"}


class ChallengePage(FactorForm):
    """Asks for a code, a key, or a password; which of them the user chooses."""

    name = "challenge"

    def elsewhere(self, visit: Visit, pending: Pending) -> Response | None:
        """To the form of what was chosen, where nothing has to be asked for it."""
        chosen = visit.form.text("choose")
        if not chosen or _has_to_be_asked(pending, chosen):
            return None
        return see_other(f"{step_uri(pending)}&use={quote(chosen, safe='')}")

    def answer(self, visit: Visit) -> Answer:
        """A choice, a password, a code, or what a key signed."""
        form, use = visit.form, visit.form.text("use")
        chosen = form.text("choose") or (use if form.text("act") == "choose" else "")
        if chosen:
            return Chosen(chosen)
        if use == "password":
            return ThePassword(form.text("password"))
        if use == "recovery_code":
            return RecoveryCode(form.text("code"))
        remember = form.text("remember") == "yes"
        if form.text("clientData"):
            names = ("clientData", "authenticatorData", "signatureData", "credentialId", "userHandle")
            return Proved(assertion_of({name: form.text(name) for name in names}), remember=remember)
        return Proved(Passcode(form.text("code")), use or None, remember=remember)

    def form(self, visit: Visit, pending: Pending, *, problem: str = "", status: int = 200) -> Response:
        """What is asked for, and what could be instead."""
        pages, request = self.steps.pages, visit.request
        wished = self.steps.wished(visit, pending)
        wish = visit.form.text("use") if request.method == "POST" else visit.request.query_value("use")
        use = _used(pending, wish or "")
        factor = next((each for each in pending.known.factors if each.id == use), None)
        shown = self.steps.sign_on.shown(pending, visit.caller)
        asked = use if factor is None else factor.kind
        address = masked(factor.address or "") if factor is not None else ""
        values: dict[str, Any] = {
            "asked": asked,
            "lead": pages.text(_LEADS[asked], request, wished, address=address),
            "problem": pages.text(problem, request, wished) if problem else "",
            "options": json.dumps(shown.get("options", {})),
            "resend": asked == "email",
            "remember": pending.requirement.remembering,
            "others": self._others(visit, pending, asked, factor, wished),
            "login": pending.user.login,
            "fields": {
                "state": pending.handle,
                "use": use,
                "csrf": visit.guest.csrf("challenge", pending.handle, anonymous=True),
            },
        }
        forms: Forms = "own" if wished is None else "away"
        script = "keys" if asked == "webauthn" else None
        return pages.show("challenge.html", request, values, status=status, forms=forms, wished=wished, script=script)

    def _others(
        self, visit: Visit, pending: Pending, asked: str, factor: Factor | None, wished: str | None
    ) -> Sequence[dict[str, str]]:
        """What can be chosen instead of what is asked for. Keys are one choice, however many there are."""
        pages, found = self.steps.pages, []
        keys = factor is not None and factor.kind == "webauthn"
        for each in pending.known.factors:
            if each.id not in pending.step.choices or (factor is not None and each.id == factor.id):
                continue
            if each.kind == "webauthn":
                if keys:
                    continue
                keys = True
            key = {"totp": "factor.totp", "webauthn": "factor.key", "email": "factor.email_to"}[each.kind]
            text = pages.text(key, visit.request, wished, address=masked(each.address or ""))
            found.append({"value": each.id, "text": text})
        for method, key in _METHODS.items():
            if method in pending.step.methods and method != asked:
                found.append({"value": method, "text": pages.text(key, visit.request, wished)})
        return found


_LEADS: Final = {
    "": "challenge.lead",
    "totp": "challenge.lead_app",
    "webauthn": "challenge.lead_key",
    "email": "challenge.lead_email",
    "password": "challenge.lead_password",
    "recovery_code": "challenge.lead_recovery_code",
}


def _used(pending: Pending, wish: str) -> str:
    """What the form is for: the factor that was asked for, or what needs no asking. Empty: it has to be chosen."""
    step, chosen = pending.step, pending.transaction.factor_id
    if wish in step.methods or (wish in step.choices and not _has_to_be_asked(pending, wish)):
        return wish
    if chosen is not None:
        return chosen
    only = (*step.choices, *(method for method in step.methods if method != "recovery_code"))
    return only[0] if len(only) == 1 and not _has_to_be_asked(pending, only[0]) else ""


def _has_to_be_asked(pending: Pending, chosen: str) -> bool:
    """Whether something has to be sent, or kept, before an answer can come."""
    factor = next((each for each in pending.known.factors if each.id == chosen), None)
    return factor is not None and factor.kind in {"email", "webauthn"}
