"""docs/protocol.md §33.2: expressions of conditions."""

import pytest
from authmint.expressions.errors import ExpressionError
from authmint.policy.sign_on.expression import check_condition, holds
from authmint.policy.sign_on.facts import Facts

ANN = Facts(
    user_id="00uA",
    group_ids=frozenset({"00gA", "00gB"}),
    group_names={"00gA": "Staff", "00gB": "West 1"},
    profile={"department": "Sales", "email": "ann@example.com", "level": "7", "tags": ["a", "b"]},
    user={"status": "ACTIVE"},
    risk="MEDIUM",
    behaviors={"bhv1": "POSITIVE", "bhv2": "NEGATIVE", "bhv3": "UNKNOWN"},
    behavior_names={"bhv1": "New IP", "bhv2": "New City", "bhv3": "New Device"},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user.profile.department == 'Sales'", True),
        ("user.profile.department != 'Sales'", False),
        ('user.status == "ACTIVE" && user.id == "00uA"', True),
        ("security.risk.level == 'HIGH' || security.risk.level == 'MEDIUM'", True),
        ("security.behaviors.contains('New IP')", True),
        ("security.behaviors.contains('New Device')", True),
        ("security.behaviors.contains('New City')", False),
        ("user.profile.email.substringAfter('@') == 'example.com'", True),
        ("user.profile.email.toUpperCase().contains('ANN@')", True),
        ("user.profile.email.substringBefore('@').length() == 3", True),
        ("user.profile.tags.contains('b') && user.profile.tags.size() == 2", True),
        ("user.profile.level.toInteger() > 5", True),
        ("!user.profile.email.startsWith('ben')", True),
        ("user.isMemberOf({'group.id': {'00gX', '00gA'}})", True),
        ("user.isMemberOf({'group.profile.name': 'West'})", True),
        ("user.isMemberOf({'group.profile.name': 'West', 'operator': 'EXACT'})", False),
        ("user.isMemberOf({'group.id': '00gX'}, {'group.profile.name': 'taf', 'operator': 'CONTAINS'})", True),
        ("user.profile.missing == null", True),
        ("(user.profile.missing ?: 'x') == 'x'", True),
        ("user.profile.department ? true : false", None),
        ("user.profile.department", None),
        ("user.profile.department.toInteger() == 1", None),
        ("user.lastLogin == 1", None),
    ],
)
def test_what_it_says(text: str, expected: bool | None) -> None:
    assert holds(text, ANN) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user",
        "user.password == 'x'",
        "security.score == 1",
        "nobody.x == 1",
        "user.profile.email.eval()",
        "user.profile.email.contains()",
        "contains('x')",
        "user.profile.tags[0] == 'a'",
        "{'a': 'b'}",
        "user.isMemberOf('00gA')",
        "user.isMemberOf({'group.type': 'BUILT_IN'})",
        "user.isMemberOf({'operator': 'EXACT'})",
        "user.isMemberOf({'group.profile.name': 'x', 'operator': 'LIKE'})",
        "user.isMemberOf({'group.profile.name': user.id})",
        "T(java.lang.Runtime)",
    ],
)
def test_what_cannot_be_evaluated_is_refused_and_undefined(text: str) -> None:
    with pytest.raises(ExpressionError):
        check_condition(text)
    assert holds(text, ANN) is None


def test_an_expression_that_is_good_passes() -> None:
    check_condition("user.profile.anything.toLowerCase() == 'x'")
