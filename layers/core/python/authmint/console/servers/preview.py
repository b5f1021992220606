"""What a request would get, and why: the preview of the API, beside another one where that is asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...http import Response
from ..claim_trial import LEFT_OUT
from ..errors import ApiProblem
from ..forms import problem_of
from ..texts import Language
from ..visit import Visit
from .decision_path import DecisionPath, path_of
from .frame import ServerFrame, api

#: Grant types that can be previewed, in English.
GRANT_TYPES: Final = (
    ("client_credentials", "client_credentials: for itself"),
    ("authorization_code", "authorization_code: for somebody who signs in"),
    ("implicit", "implicit: for somebody, without a code"),
    ("password", "password: for somebody whose password it has"),
    ("urn:openid:params:grant-type:ciba", "ciba: for somebody who is asked without a browser"),
    ("urn:ietf:params:oauth:grant-type:token-exchange", "token-exchange: for somebody whose token it was sent"),
)
#: What the grant type ``implicit`` can ask for.
RESPONSE_TYPES: Final = ("token", "id_token", "id_token token")
_PARAMETERS: Final = ("client_id", "user_id", "grant_type", "response_type", "resource", "redirect_uri")
#: So many scopes can be ticked; of others, names are typed.
_TICKED: Final = 40
#: So many claims are shown that are not in a token.
_MISSING: Final = 100
#: So many clients and people are offered; others are typed.
_OFFERED: Final = 100


@dataclass(frozen=True)
class Asked:
    """One request as somebody put it together: ``prefix`` tells the second one's parameters from the first's."""

    prefix: str
    values: Mapping[str, str]
    scopes: Sequence[str]

    @classmethod
    def of(cls, visit: Visit, prefix: str) -> "Asked":
        """What the address of a page says."""
        values = {name: visit.query(prefix + name).strip() for name in _PARAMETERS}
        ticked = [value for name, value in visit.request.query if name == f"{prefix}scope"]
        return cls(prefix, values, list(dict.fromkeys(" ".join(ticked).split())))

    @property
    def body(self) -> dict[str, str]:
        """For the API."""
        given = {name: value for name, value in self.values.items() if value}
        if given.get("grant_type") == "client_credentials":
            given.pop("user_id", None)
        if given.get("grant_type") != "implicit":
            given.pop("response_type", None)
        return given | ({"scope": " ".join(self.scopes)} if self.scopes else {})

    @property
    def complete(self) -> bool:
        """Whether there is enough to ask for."""
        return bool(self.values["client_id"] and self.values["grant_type"])


@dataclass(frozen=True)
class ClaimRow:
    """One member of a token, or a claim that is not in it."""

    name: str
    value: str
    source: str
    inputs: str
    left_out: str


@dataclass(frozen=True)
class Token:
    """A decoded token, claim by claim. ``more``: how many further claims are not in it."""

    title: str
    decoded: str
    rows: Sequence[ClaimRow]
    more: int


@dataclass(frozen=True)
class Result:
    """What the API said of one request: an answer, or why there is none."""

    answer: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None = None
    path: DecisionPath | None = None
    tokens: Sequence[Token] = ()


@dataclass(frozen=True)
class PreviewPage:
    """``…/preview``: its form is sent by GET, so that what was asked can be passed on as a link."""

    frame: ServerFrame

    def __call__(self, visit: Visit) -> Response:
        """The form, and of what is filled in, the answer."""
        server = self.frame.server(visit)
        compare = bool(visit.query("compare"))
        asked = [Asked.of(visit, prefix) for prefix in (("", "b_") if compare else ("",))]
        results = [_result(visit, one) if one.complete else None for one in asked]
        scopes = [str(scope["name"]) for scope in visit.api.every(f"{api(visit)}/scopes?limit=200")]
        values = {
            "asked": list(zip(asked, results, strict=True)),
            "compare": compare,
            "differences": _differences(results, visit.t),
            "grant_types": GRANT_TYPES,
            "response_types": RESPONSE_TYPES,
            "scopes": scopes[:_TICKED],
            "clients": _offered(visit, f"/oauth2/v1/clients?limit={_OFFERED}", "client_id", "client_name"),
            "people": _offered(visit, f"/api/v1/users?limit={_OFFERED}", "profile.login", ""),
        }
        guide = "explanations-and-logs.md"
        return self.frame.page("server_preview.html", visit, server, values, title="Token preview", guide=guide)


def _result(visit: Visit, asked: Asked) -> Result:
    try:
        answer = visit.api.post(f"{api(visit)}/tokens/preview", asked.body)
    except ApiProblem as problem:
        return Result(None, problem_of(problem))
    who = asked.body.get("user_id") or asked.values["client_id"]
    path = path_of(answer, f"{asked.values['grant_type']} · {who}", visit.t)
    tokens = [
        _token(visit.t(title), answer[name], visit.t)
        for name, title in (("access_token", "Access token"), ("id_token", "ID token"))
        if answer[name] is not None
    ]
    return Result(answer, None, path, tokens)


def _token(title: str, said: Mapping[str, Any], t: Language) -> Token:
    payload = said["payload"] or {}
    outcomes = {claim["name"]: claim for claim in said["claims"] if claim["included"]}
    rows = [_in_token(name, value, outcomes.get(name), t) for name, value in payload.items()]
    missing = [
        _claim_row(claim, "" if claim["included"] else t(LEFT_OUT.get(claim["leftOut"], claim["leftOut"])), t)
        for claim in said["claims"]
        if not claim["included"] or claim["name"] not in payload
    ]
    decoded = "" if said["payload"] is None else _pretty(said["header"]) + "\n.\n" + _pretty(payload)
    return Token(title, decoded, [*rows, *missing[:_MISSING]], max(0, len(missing) - _MISSING))


def _in_token(name: str, value: Any, claim: Mapping[str, Any] | None, t: Language) -> ClaimRow:
    if claim is None:
        return ClaimRow(name, _compact(value), t("the protocol"), "", "")
    return _claim_row(claim, "", t, value)


def _claim_row(claim: Mapping[str, Any], left_out: str, t: Language, value: Any = None) -> ClaimRow:
    inputs = ", ".join(f"{name} = {_compact(read)}" for name, read in claim["inputs"].items())
    if claim["failure"]:
        left_out = f"{left_out} ({claim['failure']})"
    shown = claim["value"] if value is None else value
    source = claim["definition"] or t("the profile")
    return ClaimRow(claim["name"], "" if left_out else _compact(shown), source, inputs, left_out)


def _differences(results: Sequence[Result | None], t: Language) -> list[tuple[str, str, str]] | None:
    """What two answers do not have in common; ``None``: there are not two."""
    if len(results) < 2 or any(result is None or result.answer is None for result in results):
        return None
    first, second = (_facts(result.answer or {}, t) for result in results if result is not None)
    names = list(dict.fromkeys((*first, *second)))
    return [
        (name, first.get(name, "–"), second.get(name, "–"))
        for name in names
        if first.get(name, "–") != second.get(name, "–")
    ]


def _facts(answer: Mapping[str, Any], t: Language) -> dict[str, str]:
    """What an answer says that another one could say otherwise; what is new in every token is none of it."""
    decision, facts = answer["decision"], {}
    facts[t("Outcome")] = decision["outcome"]
    facts[t("Reason")] = (answer["error"] or {}).get("error_description", "")
    facts[t("Policy")] = (decision["policy"] or {}).get("name", "")
    facts[t("Rule")] = (decision["rule"] or {}).get("name", "")
    for token, title in (("access_token", t("Access token")), ("id_token", t("ID token"))):
        for name, value in ((answer[token] or {}).get("payload") or {}).items():
            if name not in {"jti", "iat", "exp", "auth_time", "nonce"}:
                facts[f"{title}: {name}"] = _compact(value)
        payload = (answer[token] or {}).get("payload") or {}
        if "exp" in payload:
            facts[t("{token}: seconds of life", token=title)] = str(payload["exp"] - payload["iat"])
    return facts


def _offered(visit: Visit, path: str, key: str, name: str) -> list[tuple[str, str]]:
    """What can be picked; nothing, where the administrator may not see it: ids can be typed all the same."""
    try:
        found, _ = visit.api.page(path)
    except ApiProblem:
        return []
    if "." in key:
        outer, inner = key.split(".")
        return [(str(one[outer][inner]), "") for one in found]
    return [(str(one[key]), str(one.get(name) or "")) for one in found]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
