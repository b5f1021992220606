"""What the function does for somebody who forgot a password is what it does for a name that is nobody's."""

import pytest

from tests.functions.deployment import Functions
from tests.functions.sign_ins import people_at
from tests.support.people import LOGIN


@pytest.mark.parametrize("in_group", [True, False])
@pytest.mark.parametrize("wish", ["password", "unlock"])
def test_a_name_that_is_nobodys_costs_the_same_calls_in_the_same_order(
    functions: Functions, wish: str, in_group: bool
) -> None:
    server, _, _ = functions.ready()
    people = people_at(functions, server, in_group=in_group)
    functions.calls.sent.clear()
    counted, answers = [], []

    for login in ("nobody@example.org", LOGIN, "somebody@example.org"):
        page = people.visit("GET", f"/forgot?wish={wish}")["body"]
        functions.calls.sent.clear()
        _, answer = people.submit("/forgot", page, username=login, wish=wish)
        counted.append(list(functions.calls.sent))
        answers.append(answer.partition("<h1")[2])

    # The first one loads what every later one knows.
    assert counted[1] == counted[2]
    assert len(set(answers)) == 1
    assert "dynamodb:TransactWriteItems" in counted[1]
