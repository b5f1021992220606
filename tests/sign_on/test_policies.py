"""docs/protocol.md §33: the policies as they are asked for somebody."""

from dataclasses import replace
from typing import Any

from authmint.http import Request
from authmint.policy.sign_on.assurance import Assurance
from authmint.policy.sign_on.circumstances import Circumstances, Place, platform_of
from authmint.policy.sign_on.defaults import Seeds, default_policy
from authmint.sign_on.policies import AppliedPolicies
from authmint.storage.directory import Person
from authmint.storage.groups import EVERYONE_GROUP
from authmint.storage.sign_on_policies import PolicyOrder, SignOnPolicy
from authmint.storage.sign_on_transactions import Assessment
from authmint.storage.zones import Zone

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_group, a_user
from tests.support.fakes import NOW
from tests.support.sign_on_policies import a_policy, a_rule, app_sign_on, signon, with_factor, zone

PARTNERS = a_group(id="00gPartners", name="Partners")
ANN = Person(a_user(), (EVERYONE_GROUP, PARTNERS))
BEN = Person(a_user(id="00uBen"), (EVERYONE_GROUP,))
SOMEWHERE = Circumstances(address="198.51.100.7", user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")


def applied(*policies: SignOnPolicy, **seeds: Any) -> AppliedPolicies:
    storage = MemoryStorage()
    for policy in policies:
        order = storage.sign_on_policies.of_type(policy.type).order
        storage.sign_on_policies.save(
            None,
            policy,
            [],
            order=PolicyOrder((*order.ids, policy.id), version=order.version) if not policy.system else None,
        )
    return AppliedPolicies(storage.sign_on_policies, storage.zones, Seeds(**seeds))


def test_a_deployment_without_policies_has_the_systems() -> None:
    policies = applied(idle=600, lifetime=3_600)
    facts = policies.facts(ANN, SOMEWHERE, now=NOW)

    session = policies.session(facts)

    assert (session.access, session.require_factor, session.idle, session.lifetime) == ("ALLOW", False, 600, 3_600)
    assert policies.app(a_client(), facts).assurances == (Assurance(),)
    assert policies.enrolment(facts).required == ("okta_password",)
    assert policies.password(facts).change


def test_what_is_for_a_group_is_for_its_members() -> None:
    policies = applied(a_policy(a_rule(with_factor()), groups=(PARTNERS.id,)))

    assert policies.session(policies.facts(ANN, SOMEWHERE, now=NOW)).require_factor
    assert not policies.session(policies.facts(BEN, SOMEWHERE, now=NOW)).require_factor


def test_no_session_lives_longer_than_the_deployment_lets_it() -> None:
    session = {"maxSessionIdleMinutes": 100_000, "maxSessionLifetimeMinutes": 0}
    policies = applied(a_policy(a_rule(signon(session=session))), idle=600, lifetime=3_600)

    decision = policies.session(policies.facts(ANN, SOMEWHERE, now=NOW))

    assert (decision.idle, decision.lifetime) == (600, 3_600)


def test_an_application_has_its_own_policy_and_the_default_one_when_that_is_gone() -> None:
    own = a_policy(a_rule(app_sign_on(factorMode="2FA")), type="ACCESS_POLICY", id="rstOwn")
    policies = applied(own)
    facts = policies.facts(ANN, SOMEWHERE, now=NOW)

    assert policies.app(a_client(access_policy="rstOwn"), facts).assurances == (Assurance(two_factors=True),)
    assert policies.app(a_client(access_policy="rstGone"), facts).assurances == (Assurance(),)


def test_a_changed_default_policy_is_that_of_all_other_applications() -> None:
    changed = default_policy("ACCESS_POLICY", Seeds())
    rule = replace(changed.rules[0], actions=app_sign_on("DENY"))
    policies = applied(replace(changed, rules=(rule,)))

    assert policies.app(a_client(), policies.facts(ANN, SOMEWHERE, now=NOW)).access == "DENY"


def test_a_rule_of_an_application_can_name_it() -> None:
    rule = a_rule({"enroll": {"self": "NEVER"}}, {"app": {"include": [{"id": "0oaA"}], "exclude": []}})
    policies = applied(a_policy(rule, type="MFA_ENROLL", settings={}))
    facts = policies.facts(ANN, SOMEWHERE, now=NOW)

    assert policies.enrolment(replace(facts, app_id="0oaA")).when == "NEVER"
    assert policies.enrolment(replace(facts, app_id="0oaB")).when == "LOGIN"


def test_what_was_found_at_the_first_proof_stays() -> None:
    denied = a_rule(signon("DENY"), {"riskScore": {"level": "HIGH"}}, id="1")
    policies = applied(a_policy(denied, a_rule(id="2", priority=2)))

    facts = policies.facts(ANN, SOMEWHERE, now=NOW, assessment=Assessment("HIGH"))

    assert policies.session(facts).access == "DENY"


def test_expressions_know_the_user() -> None:
    conditions = {"elCondition": {"condition": "user.status == 'ACTIVE' && user.created.contains('T')"}}
    own = a_policy(a_rule(app_sign_on("DENY"), conditions), type="ACCESS_POLICY", id="rstOwn")
    policies = applied(own)

    decision = policies.app(a_client(access_policy="rstOwn"), policies.facts(ANN, SOMEWHERE, now=NOW))

    assert decision.access == "DENY"
    assert decision.steps[-1].truth == "MATCH"


def test_a_request_is_placed_by_its_address_and_by_what_the_edge_says() -> None:
    policies = applied()
    request = Request(
        "GET",
        "/",
        source_ip="198.51.100.7",
        headers={"cloudfront-viewer-country": "DE", "user-agent": "x" * 900, "x-forwarded-for": "6.6.6.6"},
    )

    found = policies.circumstances(request, device="d")

    assert (found.address, found.place, found.device) == ("198.51.100.7", Place("DE"), "d")
    assert len(found.user_agent) == 500


def test_whom_a_caller_calls_for_is_not_where_the_caller_is() -> None:
    headers = {"cloudfront-viewer-country": "DE", "x-forwarded-for": "203.0.113.5"}
    request = Request("POST", "/", source_ip="198.51.100.7", headers=headers)

    found = applied().circumstances(request, device=None, believed=True)

    assert (found.address, found.place) == ("203.0.113.5", None)


def test_zones_of_the_deployment_count() -> None:
    policies = applied(
        a_policy(a_rule(id="1", conditions=zone("nzoOffice")), a_rule(with_factor(), id="2", priority=2))
    )
    office = Zone("nzoOffice", "office", "IP", "POLICY", NOW, NOW, {"gateways": [{"value": "198.51.100.0/24"}]})
    bad = replace(office, id="nzoBad", usage="BLOCKLIST", extent={"gateways": [{"value": "203.0.113.0/24"}]})
    for made in (office, bad):
        policies.zones.save(None, made, [], seen=policies.zones.all())

    inside = policies.session(policies.facts(ANN, SOMEWHERE, now=NOW))
    outside = policies.session(policies.facts(ANN, Circumstances("192.0.2.1"), now=NOW))

    assert (inside.require_factor, outside.require_factor) == (False, True)
    assert policies.blocked(SOMEWHERE) is None
    assert policies.blocked(Circumstances("203.0.113.9")) == replace(bad, version=1)


def test_platforms() -> None:
    named = {
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)": ("MOBILE", "IOS"),
        "Mozilla/5.0 (Linux; Android 15; Pixel 9)": ("MOBILE", "ANDROID"),
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64)": ("DESKTOP", "WINDOWS"),
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)": ("DESKTOP", "MACOS"),
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)": ("DESKTOP", "CHROMEOS"),
        "curl/8": ("DESKTOP", "OTHER"),
    }

    found = {agent: (p.type, p.os) for agent in named if (p := platform_of(agent)) is not None}

    assert found == named
    assert platform_of("") is None
