"""Claims are tried while they are written: for somebody, an application and scopes."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ..expressions.reference import FUNCTIONS, NAMES, OPERATORS
from .errors import ApiProblem
from .forms import problem_of
from .resources import Trial
from .visit import Visit

#: Why there would be no claim, in English.
LEFT_OUT: Final[Mapping[str, str]] = {
    "inactive": "it is not active",
    "reserved": "its name belongs to the protocol",
    "scope": "none of its scopes was granted",
    "not_always_included": "only userinfo has it",
    "null": "its value is null",
    "no_match": "no group matches",
    "failed": "it could not be evaluated: there is no token",
}


def _shown(visit: Visit) -> dict[str, Any]:
    """Whom it is tried for, and the whole language."""
    posted = visit.request.method == "POST"
    asked = {name: visit.form.text(name) if posted else "" for name in ("try_user", "try_client", "try_scope")}
    return {"asked": asked, "names": NAMES, "operators": OPERATORS, "functions": FUNCTIONS}


def _tried(visit: Visit) -> dict[str, Any]:
    """What it would be, or why it would not be; what the API refuses stands in the same place."""
    form = visit.form
    groups = form.text("valueType") == "GROUPS"
    body = {
        "valueType": "GROUPS" if groups else "EXPRESSION",
        "value": form.text("value"),
        "group_filter_type": form.text("group_filter_type") if groups else "",
        "user_id": form.text("try_user").strip(),
        "client_id": form.text("try_client").strip(),
        "scope": " ".join(form.text("try_scope").split()),
    }
    try:
        found = visit.api.post(
            f"/api/v1/authorizationServers/{visit.parts['server']}/claims/preview",
            {name: value for name, value in body.items() if value},
        )
    except ApiProblem as problem:
        return {"problem": problem_of(problem), "inputs": ()}
    left_out = found["leftOut"]
    return {
        "problem": None,
        "value": json.dumps(found["value"], indent=2, ensure_ascii=False),
        "left_out": left_out and visit.t(LEFT_OUT.get(left_out, left_out)),
        "failure": found["failure"],
        "inputs": [(name, json.dumps(value, ensure_ascii=False)) for name, value in found["inputs"].items()],
    }


CLAIM_TRIAL: Final = Trial("claim_form.html", _shown, _tried)
