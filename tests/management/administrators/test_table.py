"""Every operation × every role, compared with what roles are to have: spelled out here by paths, not by families."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from authmint.http import Response
from authmint.management.administrators.table import TABLE, needed
from authmint.policy.sign_on.defaults import IDS
from authmint.storage.roles import RoleType
from authmint.storage.sessions import Session

from tests.management.admin import Admin
from tests.management.administrators.people import Caller, group, person
from tests.management.apps import an_app
from tests.management.directory.users import made
from tests.support.repository import CHECKOUT

#: One letter a role.
LETTERS: dict[str, RoleType] = {
    "S": "SUPER_ADMIN", "O": "ORG_ADMIN", "A": "API_ACCESS_MANAGEMENT_ADMIN", "P": "APP_ADMIN", "U": "USER_ADMIN",
    "G": "GROUP_MEMBERSHIP_ADMIN", "H": "HELP_DESK_ADMIN", "R": "READ_ONLY_ADMIN", "T": "REPORT_ADMIN",
}  # fmt: skip
#: Of the first pattern that a path fits: who may GET it, and who may do all else to it.
EXPECTED = (
    (r"/authorizationServers/X/(tokens|claims)/preview", "", "SOAR"),
    (r"/authorizationServers/X/analysis", "SOAR", ""),
    (r"/authorizationServers/X/clients.*", "SOAPR", "SOAP"),
    (r"/authorizationServers.*", "SOAR", "SA"),
    (r"/apps/X/credentials/secrets.*", "SAP", "SAP"),
    (r"/apps/X/grants.*", "SOAPR", "S"),
    (r"/apps/X/tokens.*", "SOAPR", "SOAP"),
    (r"/apps/X/policies/X", "", "SP"),
    (r"/(internal/)?apps.*", "SAPR", "SAP"),
    (r"/(users|groups|clients)/X/roles.*", "S", "S"),
    (r"/iam/.*", "S", "S"),
    (r"/clients.*", "SOAPR", "SAP"),
    (r"/policies/(simulate|explain|analysis/people|analysis/sign-ins)", "", "SOAR"),
    (r"/policies/analysis", "SOAR", ""),
    (r"/policies.*", "SOR", "S"),
    (r"/idps(/.*)?", "SOR", "SO"),
    (r"/(zones|behaviors|threats)(/.*)?", "SOR", "SO"),
    (r"/users/X/risk", "SOR", "SO"),
    (r"/users/X/(grants|clients).*", "SOAPR", "SOAP"),
    (r"/users/X/lifecycle/(activate|reactivate|deactivate|suspend|unsuspend)", "", "SOU"),
    (r"/users/X/(lifecycle|credentials|sessions|behaviors)(/.*)?", "", "SOUH"),
    (r"/users/X/(factors|recoveryCodes|authenticator-enrollments|blocks)(/.*)?", "SOAPUGHR", "SOUH"),
    (r"/users.*", "SOAPUGHR", "SOU"),
    (r"/sessions/X.*", "SOAPUGHR", "SOUH"),
    (r"/groups/rules/explain", "", "SOAR"),
    (r"/groups/rules.*", "SOR", "SO"),
    (r"/groups/X/users.*", "SOAPUGHR", "SOUG"),
    (r"/groups/X/apps", "SAPR", ""),
    (r"PUT/groups/X", "", "SOU"),
    (r"/groups.*", "SOAPUGHR", "SO"),
    (r"/meta/schemas/apps/.*", "SOAPR", "SOAP"),
    (r"/mappings/X/preview", "", "SOAR"),
    (r"/mappings.*", "SOAPR", "SAP"),
    (r"/meta/.*", "SOPR", "SOP"),
    (r"/(authenticators|org/factors).*", "SOR", "SO"),
    (r"/(org|trustedOrigins|brands)(/.*)?", "SOR", "SO"),
    (r"/(inlineHooks|eventHooks).*", "S", "S"),
    (r"/global-token-revocation", "", "SO"),
    (r"/logs", "SOAPRT", ""),
    (r"/usage(/unused)?", "SORT", ""),
    (r"POST/api-tokens", "", "SOUGR"),
    (r"/api-tokens/current", "", "SOUGHR"),
    (r"/api-tokens", "SOUGHR", ""),
    (r"/api-tokens/X", "SOUH", "SOH"),
)  # fmt: skip


def _expected(method: str, template: str) -> str:
    path = re.sub(r"\{\w+\}", "X", template.removeprefix("/api/v1").removeprefix("/oauth2/v1"))
    for pattern, reading, changing in EXPECTED:
        if re.fullmatch(pattern, path) or re.fullmatch(pattern, f"{method}{path}"):
            return reading if method == "GET" else changing
    raise AssertionError(f"nobody said who may {method} {template}")


@pytest.fixture(scope="module")
def org() -> tuple[Admin, dict[str, str], dict[str, Caller]]:
    """One deployment with one of everything, and one person for each role."""
    admin = Admin()
    plain = made(admin, "plain@example.com", password="Correct-horse-9")["id"]
    other = person(admin, "other")
    now = admin.clock.now()
    admin.storage.sessions.add(Session("d", "102s", plain, now, now, now + 600, now + 600, "c", ("pwd",)))
    objects = {
        "userId": plain,
        "groupId": group(admin, "plain", plain),
        "appId": (app := an_app(admin)["id"]),
        "clientId": app,
        "sessionId": "102s",
        "policyId": IDS["OKTA_SIGN_ON"][0],
        "apiTokenId": "00Tother",
    }
    assert other.id
    callers = {letter: person(admin, f"role{letter.lower()}", role) for letter, role in LETTERS.items()}
    return admin, objects, callers | {"-": person(admin, "nobody")}


def _allowed(org: Any, method: str, template: str, query: str = "", **objects: str) -> str:
    """Letters of the roles whose holders reach an operation: it is not run."""
    _, known, callers = org
    path = re.sub(r"\{(\w+)\}", lambda name: (known | objects).get(name[1], "x"), template)
    found = ""
    for letter, caller in callers.items():
        answer = caller.call(method, path + query, {"type": "OKTA_SIGN_ON"} if method != "GET" else None)
        assert answer.status in {204, 403, 404}, (letter, method, path, answer.status)
        found += letter if answer.status == 204 else ""
    return found


@pytest.fixture
def stubbed(org: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The deployment, with operations that do nothing: what comes to them was allowed."""
    routes = org[0].api._routes
    find = routes.find

    def stub(method: str, path: str) -> Any:
        _, params, template = find(method, path)
        return lambda _: Response(204), params, template

    monkeypatch.setattr(routes, "find", stub)
    return org


def _operations() -> Iterator[tuple[str, str]]:
    return ((method, template) for method, template, _ in Admin().api._routes)


def test_every_operation_belongs_to_a_family() -> None:
    families = {needed(method, template).family for method, template in _operations()}
    assert families - {"policies"} <= set(TABLE)
    with pytest.raises(LookupError):
        needed("GET", "/api/v1/unheard-of")


def test_the_document_has_the_same_table() -> None:
    text = (CHECKOUT / "docs/protocol.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([RDW–*| ]+) \|$", text.partition("### 35.2 ")[2], re.MULTILINE)
    rows = {family: [cell.strip().replace("–", "-") for cell in cells.split("|")] for family, cells in told}
    assert rows == {
        family: [cell.right + "*" * cell.narrowed for cell in cells.values()] for family, cells in TABLE.items()
    }


def test_every_role_may_do_what_the_table_says_and_nothing_else(stubbed: Any) -> None:
    wrong = {}
    for method, template in _operations():
        allowed, expected = _allowed(stubbed, method, template), _expected(method, template)
        if set(allowed) != set(expected):
            wrong[f"{method} {template}"] = (allowed, expected)
    assert wrong == {}


@pytest.mark.parametrize(
    ("policy_type", "reading", "changing"),
    [
        ("OKTA_SIGN_ON", "SOR", "S"),
        ("PROFILE_ENROLLMENT", "SOR", "S"),
        ("MFA_ENROLL", "SOR", "S"),
        ("PASSWORD", "SOR", "SO"),
        ("ACCESS_POLICY", "SOPR", "SP"),
    ],
)
def test_policies_are_told_apart_by_their_type(stubbed: Any, policy_type: Any, reading: str, changing: str) -> None:
    policy_id = IDS[policy_type][0]
    for method, template, expected in (
        ("GET", "/api/v1/policies/{policyId}", reading),
        ("PUT", "/api/v1/policies/{policyId}", changing),
        ("POST", "/api/v1/policies/{policyId}/rules", changing),
        ("DELETE", "/api/v1/policies/{policyId}/rules/{ruleId}", changing),
    ):
        assert set(_allowed(stubbed, method, template, policyId=policy_id)) == set(expected), template
    assert set(_allowed(stubbed, "GET", "/api/v1/policies", f"?type={policy_type}")) == set(reading)


def test_whoever_has_no_role_sees_themselves_and_nothing_else(stubbed: Any) -> None:
    _, _, callers = stubbed
    nobody = callers["-"]
    own = {
        ("GET", "/api/v1/users/{userId}"),
        ("POST", "/api/v1/users/{userId}/credentials/change_password"),
        ("POST", "/api/v1/users/{userId}/credentials/change_recovery_question"),
    }
    reached = set()
    for method, template in _operations():
        path = re.sub(r"\{(\w+)\}", lambda name: nobody.id if name[1] == "userId" else "x", template)
        if nobody.status(method, path, {}) == 204:
            reached.add((method, template))
    assert reached == own
    assert nobody.status("GET", "/api/v1/users/me") == 204
