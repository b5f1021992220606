"""Every operation of the management API beside the pages of the console from which it is reached."""

import re
from collections.abc import Iterator
from typing import Final

from authmint.console.families import FAMILIES
from authmint.console.resources import Family

from .browser import Browser

SERVER: Final = "/api/v1/authorizationServers/{}"
USER: Final = "/api/v1/users/{}"
POLICIES: Final = "/api/v1/policies"
#: Pages that are no lists of objects, by what they call.
PAGES: Final = {
    f"GET {SERVER}/analysis": "/servers/{}/analysis",
    f"GET {SERVER}/credentials/keys": "/servers/{}/keys",
    f"GET {SERVER}/credentials/keys/{{}}": "/servers/{}/keys",
    f"POST {SERVER}/credentials/keys/{{}}/lifecycle/revoke": "/servers/{}/keys/{}/revoke",
    f"POST {SERVER}/credentials/lifecycle/keyRotate": "/servers/{}/keys",
    f"GET {SERVER}/credentials/rotation": "/servers/{}/keys",
    f"GET {SERVER}/security": "/servers/{}/security",
    f"PUT {SERVER}/security": "/servers/{}/security",
    f"POST {SERVER}/tokens/preview": "/servers/{}/preview",
    f"POST {SERVER}/claims/preview": "/servers/{}/claims/new",
    "POST /api/v1/authorizationServers": "/servers/new",
    "POST /oauth2/v1/clients": "/servers/new",
    f"GET {POLICIES}/analysis": "/analysis",
    f"POST {POLICIES}/analysis/people": "/analysis",
    f"POST {POLICIES}/analysis/sign-ins": "/analysis",
    f"POST {POLICIES}/explain": "/explain",
    "GET /api/v1/meta/schemas/group/default": "/group-attributes",
    "POST /api/v1/meta/schemas/group/default": "/group-attributes",
    "GET /api/v1/meta/schemas/user/{}": "/types/{}/attributes",
    "POST /api/v1/meta/schemas/user/{}": "/types/{}/attributes",
    "GET /api/v1/logs": "/log",
    "GET /api/v1/org/selfService": "/self-service",
    "PUT /api/v1/org/selfService": "/self-service",
    "GET /api/v1/usage": "/usage",
    "GET /api/v1/usage/unused": "/usage",
}
_SAME: Final = "another view of what a page shows"
_FOR_PEOPLE: Final = "the person does it, on a page of their own: /account, /enrol, /forgot"
_FOR_APPS: Final = "for programs that have a page of their own for it"
_NOT_OFFERED: Final = "not offered: official clients call it, and are told so"
_AT_ONCE: Final = "all at once: the console takes them away one by one, after a look at each"
#: What is left out of the console, and why. Patterns of operations.
LEFT_OUT: Final = {
    r"\w+ /api/v1/idps/(\{\}/)?credentials/.*": "keys by which providers know this service: by API so far",
    r"POST /api/v1/idps/\{\}/users/\{\}": "they are known once they sign in; who moves people has a program for it",
    r"GET /api/v1/idps/\{\}/users/\{\}/credentials/tokens": "none is kept",
    r"(GET|PUT) /oauth2/v1/clients/\{\}": _SAME,
    r"GET /oauth2/v1/clients|DELETE /oauth2/v1/clients/\{\}": _SAME,
    r"POST /oauth2/v1/clients/\{\}/lifecycle/newSecret": "an outage: the page of secrets makes a second one instead",
    r"PATCH /api/v1/apps/\{\}/groups/\{\}": "PUT does the same",
    r"PUT /api/v1/users/\{\}": "POST does the same, and leaves alone what is not shown",
    r"POST /api/v1/meta/types/user/\{\}": "PUT does the same",
    r"\w+ .*/(linkedObjects|blocks|aaguids)(/.*)?": _NOT_OFFERED,
    r"(POST|PUT) /api/v1/users/\{\}/authenticator-enrollments/.*": _NOT_OFFERED,
    r"POST /api/v1/apps/\{\}/logo": "no pictures are kept: official clients call it, and are answered",
    r"(GET|POST) /api/v1/internal/apps/\{\}/settings/oauth/idToken": "of official clients, for which it is one setting",
    r"(GET|POST) /api/v1/meta/schemas/apps/\{\}/\{\}": "profiles of assignments are JSON in the console",
    r"POST /api/v1/(mappings/\{\}/preview|groups/rules/explain)": "trials: by API so far",
    r"POST /oauth2/v1/global-token-revocation": "of identity providers; a person's page ends sessions and tokens",
    r"DELETE .*/tokens": _AT_ONCE,
    r"DELETE /api/v1/users/\{\}/(grants|clients/\{\}/grants)": _AT_ONCE,
    r"GET /api/v1/users/\{\}/clients/\{\}/grants": _SAME,
    r"(GET|DELETE) /api/v1/users/\{\}/authenticator-enrollments.*": _SAME,
    r"GET /api/v1/users/\{\}/(appLinks|risk|recoveryCodes)": _FOR_PEOPLE,
    r"DELETE /api/v1/users/\{\}/recoveryCodes": "new ones take the place of the old ones",
    r"POST /api/v1/users/\{\}/credentials/.*": _FOR_PEOPLE,
    r"POST /api/v1/users/\{\}/factors": _FOR_PEOPLE,
    r"PUT /api/v1/users/\{\}/factors/\{\}": _FOR_APPS,
    r"\w+ /api/v1/users/\{\}/factors/(catalog|questions|\{\}/.*)": _FOR_PEOPLE,
    r"(PUT|DELETE) .*/targets/catalog/apps/\{\}": "every application of the catalogue: there is one kind",
    r"\w+ /api/v1/iam/(roles|resource-sets).*": "custom roles cannot be made",
    r"POST /api/v1/policies/simulate": "the page that explains says the same, and more",
    r"POST /api/v1/policies/\{\}/clone|(GET|POST) /api/v1/policies/\{\}/mappings": _SAME,
    r"\w+ /api/v1/(brands|org(?!/selfService)|threats)(/.*)?": "of the deployment: by API, SDK and Terraform so far",
    r"(GET|PUT) /api/v1/authenticators/\{\}/methods.*|POST /api/v1/authenticators": "by API, SDK and Terraform so far",
    r"\w+ /api/v1/sessions.*": "sessions are ended with everything else of a person",
    r"POST /api/v1/inlineHooks/\{\}": "PUT does the same",
    r"POST /api/v1/inlineHooks/\{\}/execute": "a trial: by API so far",
    r"DELETE /api/v1/api-tokens/current": "of who calls with it, to end itself",
}


def named(path: str) -> str:
    """A path, whatever its parameters are called."""
    return re.sub(r"\{\w+\}", "{}", path).partition("?")[0]


def of(family: Family) -> Iterator[tuple[str, str]]:
    """What the pages of a family call, and their paths."""
    item = family.item_api or family.api + "/{id}"
    own = family.own_api or family.api + "/{id}"
    yield f"GET {family.api}", family.path
    if family.makes or family.kinds:
        yield f"POST {family.api}", f"{family.path}/new"
    if family.picks is not None:
        yield f"PUT {own}" if family.picks.method == "PUT" else f"POST {family.api}", f"{family.path}/new"
    if not family.leads:
        yield f"GET {item}", f"{family.path}/{{id}}"
    if family.replaces:
        yield f"{family.replaces} {item}", f"{family.path}/{{id}}"
    if family.ordered:
        yield f"PUT {item}", f"{family.path}/{{id}}/move/{{way}}"
    if family.removes:
        yield f"DELETE {own}", f"{family.path}/{{id}}/delete"
    for action in family.actions:
        yield f"{action.method} {item}{action.path}", f"{family.path}/{{id}}/do/{{action}}"


def calls() -> dict[str, str]:
    found = {named(call): named(path) for family in FAMILIES for call, path in of(family)}
    # A target of a role is one application of the one kind that there is.
    return {call.replace("/oidc_client/", "/{}/"): path for call, path in found.items()} | PAGES


def test_every_operation_has_a_page_or_a_reason_why_not() -> None:
    browser = Browser()
    operations = {f"{method} {named(path)}" for method, path, _ in browser.deployment.admin.api._routes}
    reached = calls()
    rest = operations - set(reached)

    unnamed = sorted(one for one in rest if not any(re.fullmatch(pattern, one) for pattern in LEFT_OUT))
    assert unnamed == []
    assert [pattern for pattern in LEFT_OUT if not any(re.fullmatch(pattern, one) for one in rest)] == []
    assert sorted(set(reached) - operations) == []


def test_the_pages_are_there() -> None:
    browser = Browser()
    for path in {*calls().values()}:
        example = path.replace("{}", "x")
        assert any(pattern.fullmatch(example) for pattern, _ in browser.site._routes), path
