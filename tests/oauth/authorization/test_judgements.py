"""docs/protocol.md §33.10: what the policy of an app decided at the authorization endpoint is told, once."""

from dataclasses import replace

from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Enrolments, Requirement, Verdict
from authmint.storage.events import Party
from authmint.storage.sign_on_transactions import Assessment

from tests.oauth.authorization.world import World
from tests.support.builders import CLIENT_ID

RULE = Verdict((Party("rulA", "PolicyRule"),))
TWO = Requirement(assurances=(Assurance(two_factors=True),))


def told(world: World, demanded: Demanded, **asked: str) -> list[tuple[str, str, str | None]]:
    world.demands.app = demanded
    world.ask(**asked)
    return [(event.type, event.outcome, event.reason) for event in world.events.emitted]


def test_what_it_allows_comes_with_the_code() -> None:
    world = World()

    assert told(world, Demanded(verdict=RULE)) == [
        ("policy.evaluate_sign_on", "ALLOW", None),
        ("app.oauth2.as.authorize.code", "SUCCESS", None),
    ]
    assert [target.id for target in world.events.emitted[0].targets] == ["rulA", CLIENT_ID]
    assert world.events.emitted[0].actor.id == "00uA"


def test_what_it_asks_for_comes_with_the_page_and_with_the_refusal() -> None:
    offered = Requirement(assurances=TWO.assurances, enrolments=Enrolments(offered=("totp",)))
    evaluated = ("policy.evaluate_sign_on", "CHALLENGE", "ENROL")

    assert told(World(), Demanded(requirement=offered, verdict=RULE)) == [evaluated]
    assert told(World(), Demanded(requirement=offered, verdict=RULE), prompt="none") == [
        evaluated,
        ("app.oauth2.as.authorize", "FAILURE", "app_sign_on_required"),
    ]


def test_what_it_denies_comes_with_the_refusal() -> None:
    denied = [("policy.evaluate_sign_on", "DENY", "DENY"), ("app.oauth2.as.authorize", "FAILURE", "access_denied")]

    assert told(World(), Demanded(denied=True, reason="rule r", verdict=RULE)) == denied
    assert told(World(), Demanded(requirement=TWO, verdict=RULE)) == denied


def test_how_unusual_the_sign_on_was_is_told_to_the_policy_of_the_app() -> None:
    world = World()
    unusual = Assessment("HIGH", ("New User",))
    world.browsers.sessions["ann"] = replace(world.browsers.sessions["ann"], assessment=unusual)

    world.ask()

    assert world.demands.attempts[-1].assessment == unusual


def test_where_nobody_wrote_a_policy_there_is_nothing_to_tell() -> None:
    assert told(World(), Demanded()) == [("app.oauth2.as.authorize.code", "SUCCESS", None)]


def test_a_page_that_looks_where_somebody_stands_tells_nothing() -> None:
    world = World(signed_in=False)
    handle = world.ask().handle
    world.sign_in()
    world.demands.app = Demanded(denied=True, verdict=RULE)

    world.waiting(handle)

    assert world.events.emitted == []
