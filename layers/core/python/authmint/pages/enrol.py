"""``/enrol``: a factor that a sign-on needs and that its user does not have yet."""

import json
from collections.abc import Sequence
from typing import Any, Final

from ..factors.answers import Passcode
from ..factors.qr_codes import svg
from ..factors.wire import masked, registration_of
from ..http import Response
from ..sign_on.answers import Answer, Back, Begun, SetUp
from ..sign_on.sign_on import Pending
from ..storage.factors import FactorKind
from ..web.security_headers import Forms
from .factor_form import FactorForm
from .visit import Visit

#: How pages name the kinds, and what they say about them.
NAMES: Final[dict[FactorKind, tuple[str, str]]] = {
    "totp": ("factor.totp", "factor.totp_hint"),
    "webauthn": ("factor.key", "factor.key_hint"),
    "email": ("factor.email", "factor.email_hint"),
}
LEADS: Final = {
    None: "enrol.lead",
    "totp": "enrol.lead_app",
    "webauthn": "enrol.lead_key",
    "email": "enrol.lead_email",
}


class EnrolPage(FactorForm):
    """Asks which factor, and then for what shows that it works."""

    name = "enrol"

    def answer(self, visit: Visit) -> Answer:
        """A kind, a code, or what a key signed."""
        return _answer(visit)

    def form(self, visit: Visit, pending: Pending, *, problem: str = "", status: int = 200) -> Response:
        """The choice, or what is being set up."""
        pages, request = self.steps.pages, visit.request
        wished = self.steps.wished(visit, pending)
        asked = pending.transaction.kind
        shown = self.steps.sign_on.shown(pending, visit.caller)
        address = masked(str(shown.get("address", "")))
        values: dict[str, Any] = {
            "action": "/enrol",
            "asked": asked,
            "lead": pages.text(LEADS[asked], request, wished, address=address),
            "problem": pages.text(problem, request, wished) if problem else "",
            "options": json.dumps(shown.get("options", {})),
            "picture": svg(shown["uri"]) if asked == "totp" else "",
            "secret": shown.get("secret", ""),
            "uri": shown.get("uri", ""),
            "others": self._others(visit, pending, asked, wished),
            "login": pending.user.login,
            "fields": {"state": pending.handle, "csrf": visit.guest.csrf("enrol", pending.handle, anonymous=True)},
        }
        forms: Forms = "own" if wished is None else "away"
        script = "keys" if asked == "webauthn" else None
        return pages.show("enrol.html", request, values, status=status, forms=forms, wished=wished, script=script)

    def _others(
        self, visit: Visit, pending: Pending, asked: str | None, wished: str | None
    ) -> Sequence[dict[str, str]]:
        pages, address = self.steps.pages, masked(pending.user.email)
        return [
            {
                "value": kind,
                "text": pages.text(NAMES[kind][0], visit.request, wished),
                "hint": pages.text(NAMES[kind][1], visit.request, wished, address=address),
            }
            for kind in pending.step.kinds
            if kind != asked and kind in NAMES
        ]


def _answer(visit: Visit) -> Answer:
    form = visit.form
    chosen = form.text("choose")
    for kind in NAMES:
        if chosen == kind:
            return Begun(kind)
    if chosen:
        return Back()
    if form.text("clientData"):
        names = ("clientData", "attestation", "transports", "clientExtensions")
        return SetUp(registration_of({name: form.text(name) for name in names}))
    return SetUp(Passcode(form.text("code")))
