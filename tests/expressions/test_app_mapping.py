"""``appuser`` of apps that have a mapping of their own."""

import pytest
from authmint.claims.explain import explain_claim
from authmint.expressions.errors import EvaluationFailed
from authmint.expressions.evaluate import Expression
from authmint.expressions.facts import AppFacts, AppUserFacts, Facts, UserFacts
from authmint.expressions.run import Run
from authmint.storage.clients import MappedAttribute
from authmint.storage.servers import Claim

MAPPING = {
    "dept": MappedAttribute('user.department + "-x"', pushed=True),
    "level": MappedAttribute("source.title", pushed=True, type="integer"),
    "broken": MappedAttribute('appuser.userName + "!"', pushed=True),
}
PROFILE = {"department": "sales", "title": "7", "login": "ann"}


def facts(**assigned: str) -> Facts:
    user = UserFacts("00u1", "ACTIVE", "ann", PROFILE)
    app = AppFacts("0oa1", "0oa1", "an app", user_mapping=MAPPING)
    return Facts(app, (), 0, user=user, app_user=AppUserFacts("ann.app", assigned) if assigned else None)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("appuser.dept", "sales-x"),
        ("appuser.level + 1", 8),
        ("appuser.userName", "ann"),
        ("appuser.email", None),
        ('String.toUpperCase(appuser.dept) + "/" + user.title', "SALES-X/7"),
    ],
)
def test_attributes_are_made_when_they_are_read(expression: str, value: object) -> None:
    assert Expression(expression).value(Run(facts())) == value


def test_what_an_assignment_says_wins() -> None:
    assert Expression("appuser.dept").value(Run(facts(dept="fixed"))) == "fixed"
    assert Expression("appuser.userName").value(Run(facts(dept="fixed"))) == "ann.app"


def test_an_attribute_that_fails_fails_who_reads_it_and_nobody_else() -> None:
    """A mapping cannot read ``appuser``, so none can go round in circles, whoever wrote it."""
    with pytest.raises(EvaluationFailed, match="there is no 'appuser'"):
        Expression("appuser.broken").value(Run(facts()))
    assert Expression('appuser == null ? "a" : appuser.dept').value(Run(facts())) == "sales-x"


def test_a_claim_says_what_its_attribute_was_made_of() -> None:
    claim = Claim("ocl1", "dept", "RESOURCE", "EXPRESSION", "appuser.dept")

    outcome = explain_claim(claim, facts())

    assert outcome.value == "sales-x"
    assert outcome.reads == {"appuser.dept": "sales-x", "user.department": "sales"}


def test_reading_it_again_and_again_costs_the_budget_of_the_token() -> None:
    again, run = Expression(" + ".join(["appuser.dept"] * 60)), Run(facts())

    with pytest.raises(EvaluationFailed, match="more work"):
        any(again.value(run) is None for _ in range(10_000))
