"""The contexts of the vectors (docs/protocol.md §12.2, §12.5)."""

from dataclasses import replace
from typing import Any

from authmint.expressions.evaluate import Expression
from authmint.expressions.facts import AppFacts, AppUserFacts, Facts, GroupFacts, OrgFacts, UserFacts
from authmint.expressions.run import Run
from authmint.expressions.values import Object

#: 2015-07-31T17:18:37Z, the instant of the documentation's samples.
SAMPLE_INSTANT = 1_438_363_117

#: Client credentials.
C = Facts(
    app=AppFacts(
        "0oaAPP", "0oaCLI", "Example App", {"label": "Example App", "groupallowlist": ["00gA"], "maxLimit": 50}
    ),
    scopes=("a", "b"),
    now=SAMPLE_INSTANT,
    org=OrgFacts("00oORG", "Acme", "acme"),
)

WINSTON: dict[str, Any] = {
    "firstName": "Winston",
    "lastName": "Churchill",
    "email": "winston.churchill@gmail.com",
    "login": "winston.churchill@gmail.com",
    "middleInitial": "",
    "honorificPrefix": "",
    "city": "San Francisco",
    "salary": 1_500_000,
    "isContractor": False,
    "department": "California-West-Sales",
    "title": "Senior Engineer",
    "groupCode": 123,
    "employeeNumber": None,
    "nonEmployeeNumber": "N-7",
    "favoriteColors": ["red", "blue"],
    "hasBadge": True,
}

GROUPS = (
    GroupFacts("00gak46y5hydV6NdM0g4", "Everyone", None, "BUILT_IN", "0oazmqPIbHiVJBG4C0g3"),
    GroupFacts("00g1emaKYZTWRYYRRTSK", "West Coast Users", None, "OKTA_GROUP", "0a81509410bdf807f680"),
    GroupFacts("00garwpuyxHaWOkdV0g4", "West Coast Admins", None, "OKTA_GROUP", "0a03d062d3918fd34742", ("okta:g",)),
    GroupFacts("00gjitX9HqABSoqTB0g3", "Engineering Users", None, "APP_GROUP", "0aae4be2456eb62f7c3d"),
    GroupFacts("00gnftmgQxC2L19j6I9c", "Engineering Users", None, "APP_GROUP", "0a61c8dacb58b3c0716e"),
)

#: A user.
W = replace(
    C,
    user=UserFacts(
        "00uWINSTON",
        "ACTIVE",
        "winston.churchill@gmail.com",
        WINSTON,
        updated_at=1_700_000_000,
        linked={"manager": {"firstName": "Bill", "lastName": "Gates"}},
    ),
    app_user=AppUserFacts("winston"),
    amr=("mfa", "pwd"),
)
assert W.user is not None

#: The user in groups.
G = replace(W, user=replace(W.user, groups=GROUPS))


def evaluate(text: str, facts: Facts = C) -> Any:
    """The claim, arrays as lists."""
    return listed(Expression(text).claim(Run(facts)))


def ids(text: str, facts: Facts = G) -> list[Any]:
    """Ids of the groups that an expression gives."""
    groups = Expression(text).value(Run(facts))
    assert isinstance(groups, tuple)
    return [group.member("id") for group in groups if isinstance(group, Object)]


def listed(value: Any) -> Any:
    """Arrays as JSON has them."""
    return [listed(item) for item in value] if isinstance(value, tuple) else value


def groups(count: int) -> tuple[GroupFacts, ...]:
    """That many groups."""
    return tuple(GroupFacts(f"00g{number}", f"group {number}") for number in range(count))


def member_of(*names: str, facts: Facts = W, code_flow: bool = False) -> Facts:
    """The user in groups of these names."""
    assert facts.user is not None
    made = tuple(GroupFacts(f"00g{number}", name) for number, name in enumerate(names))
    return replace(facts, user=replace(facts.user, groups=made), code_flow=code_flow)
