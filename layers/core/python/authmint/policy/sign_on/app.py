"""Whether somebody may go to an application, and how much they have to prove: policies of type ACCESS_POLICY."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final, Literal

from ...storage.sign_on_policies import SignOnPolicy
from ...storage.sign_on_transactions import Method
from .assurance import Alternative, Assurance, Demand, FactorClass, class_of
from .durations import seconds_of
from .facts import Facts
from .session import Access
from .walk import Open, Step, walk

#: What the methods of the management API are here. Those of factors that nobody can enrol stand for none.
METHODS: Final[Mapping[tuple[str, str], Method]] = {
    ("okta_password", "password"): "password",
    ("okta_email", "email"): "email",
    ("google_otp", "otp"): "totp",
    ("okta_verify", "totp"): "totp",
    ("webauthn", "webauthn"): "webauthn",
    ("security_question", "security_question"): "question",
}
#: The same by the types of authenticators, and by methods alone.
_TYPES: Final[Mapping[str, frozenset[Method]]] = {
    "password": frozenset({"password"}),
    "security_question": frozenset({"question"}),
    "email": frozenset({"email"}),
    "app": frozenset({"totp"}),
    "security_key": frozenset({"webauthn"}),
}
_NAMES: Final[Mapping[str, Method]] = {
    "password": "password",
    "email": "email",
    "otp": "totp",
    "totp": "totp",
    "webauthn": "webauthn",
    "security_question": "question",
}
#: What the vendor's clients send for "never": five years.
_NEVER: Final = 43_800 * 3_600
#: Methods of the other class: no proof of the class is one of these, so nobody has what is asked for.
_NOBODYS: Final[Mapping[FactorClass, frozenset[Method]]] = {
    "knowledge": frozenset({"totp"}),
    "possession": frozenset({"password"}),
    "federation": frozenset({"password"}),
}


@dataclass(frozen=True)
class AppDecision:
    """What is asked for an application.

    Attributes:
        assurances: All of them have to hold: more than one where facts were missing.
        post_auth: Whether the page may offer to stay signed in.
        decided: The rules that decided, the first of them first.
    """

    access: Access
    assurances: tuple[Assurance, ...] = ()
    post_auth: Literal["ALLOWED", "NOT_ALLOWED"] = "NOT_ALLOWED"
    decided: tuple[Open, ...] = ()
    steps: tuple[Step, ...] = ()


def app_decision(policy: SignOnPolicy, facts: Facts) -> AppDecision:
    """What the open rules of the application's policy say together; where none decides for sure, nobody gets in."""
    found = walk([policy], facts)
    says = [one.rule.actions.get("appSignOn") or {} for one in found.open]
    if not found.certain or any(one.get("access") != "ALLOW" for one in says):
        return AppDecision("DENY", decided=found.open, steps=found.steps)
    assurances = tuple(dict.fromkeys(assurance_of(one.get("verificationMethod") or {}) for one in says))
    stays = all((one.get("keepMeSignedIn") or {}).get("postAuth") == "ALLOWED" for one in says)
    return AppDecision(
        "ALLOW", assurances, "ALLOWED" if stays else "NOT_ALLOWED", decided=found.open, steps=found.steps
    )


def assurance_of(method: Mapping[str, Any]) -> Assurance:
    """What a ``verificationMethod`` asks for."""
    if method.get("type") == "AUTH_METHOD_CHAIN":
        return _of_chains(method)
    two_factors = method.get("factorMode") == "2FA"
    alternatives = [one for constraint in method.get("constraints") or () for one in _ways(constraint, two_factors)]
    # A way that demands nothing is open to anybody: so is the whole.
    if any(not one.demands for one in alternatives):
        alternatives = []
    return Assurance(
        two_factors=two_factors,
        alternatives=tuple(alternatives),
        reauthenticate_in=_seconds(method.get("reauthenticateIn")),
    )


def _ways(constraint: Mapping[str, Any], two_factors: bool) -> Iterator[Alternative]:
    knowledge = _demand(constraint.get("knowledge"), "knowledge")
    possession = _demand(constraint.get("possession"), "possession")
    yield Alternative(knowledge, possession)
    only_excludes = (constraint.get("possession") or {}).get("required") is False
    if possession is not None and knowledge is None and not two_factors and only_excludes:
        # Of one factor: what is left out of one class says nothing about the other.
        yield Alternative(knowledge=Demand())


def _demand(spec: Mapping[str, Any] | None, of: FactorClass) -> Demand | None:
    """What is demanded of a class. ``required`` false is overruled by what says how a factor has to be."""
    if spec is None:
        return None
    demand = Demand(
        phishing_resistant=spec.get("phishingResistant") == "REQUIRED",
        device_bound=spec.get("deviceBound") == "REQUIRED",
        hardware_protected=spec.get("hardwareProtection") == "REQUIRED",
        user_verified=spec.get("userVerification") == "REQUIRED",
        excluded=_listed(spec.get("excludedAuthenticationMethods")),
    )
    if spec.get("required") is False and demand == Demand():
        return None
    return replace(demand, methods=_methods(spec, of), reauthenticate_in=_seconds(spec.get("reauthenticateIn")))


def _methods(spec: Mapping[str, Any], of: FactorClass) -> frozenset[Method]:
    named = [spec.get(name) or () for name in ("types", "methods", "authenticationMethods")]
    if not any(named):
        return frozenset()
    types, methods, both = named
    wanted = {method for name in types for method in _TYPES.get(name, ())}
    wanted |= {_NAMES[name] for name in methods if name in _NAMES} | _listed(both)
    return frozenset(method for method in wanted if class_of(method) == of) or _NOBODYS[of]


def _listed(named: Sequence[Mapping[str, Any]] | None) -> frozenset[Method]:
    found = (METHODS.get((one.get("key", ""), one.get("method", ""))) for one in named or ())
    return frozenset(method for method in found if method is not None)


def _of_chains(method: Mapping[str, Any]) -> Assurance:
    """Each chain is one way: a factor of each of its links."""
    alternatives: list[Alternative] = []
    for chain in method.get("chains") or ():
        for links in product(*_links(chain)):
            by_class = {class_of(one): demand for one, demand in links}
            if len(by_class) == len(links):
                alternatives.append(Alternative(by_class.get("knowledge"), by_class.get("possession")))
    # Without any way that is possible here, nobody satisfies it: not everybody.
    unreachable = Alternative(possession=Demand(methods=_NOBODYS["possession"]))
    return Assurance(
        alternatives=tuple(dict.fromkeys(alternatives)) or (unreachable,),
        reauthenticate_in=_seconds(method.get("reauthenticateIn")),
    )


def _links(chain: Mapping[str, Any]) -> list[list[tuple[Method, Demand]]]:
    """Of each link the methods that will do. A link is one object, or the first of a list of one."""
    links = []
    link: Mapping[str, Any] | None = chain
    while link is not None:
        limit = _seconds(link.get("reauthenticateIn"))
        choices = []
        for one in link.get("authenticationMethods") or ():
            found = METHODS.get((one.get("key", ""), one.get("method", "")))
            if found is not None:
                choices.append((found, _of_method(one, found, limit)))
        links.append(choices)
        following = link.get("next") or ()
        link = following[0] if following else None
    return links


def _of_method(one: Mapping[str, Any], method: Method, limit: int | None) -> Demand:
    return Demand(
        phishing_resistant=one.get("phishingResistant") == "REQUIRED",
        hardware_protected=one.get("hardwareProtection") == "REQUIRED",
        user_verified=one.get("userVerification") == "REQUIRED",
        methods=frozenset({method}),
        reauthenticate_in=limit,
    )


def _seconds(text: str | None) -> int | None:
    seconds = None if text is None else seconds_of(text)
    return None if seconds is None or seconds >= _NEVER else seconds
