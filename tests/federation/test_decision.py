"""docs/protocol.md §37.6: who somebody is, by properties and by table."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.federation.decision import Decision, Known, Said, decide, said_verified, vouched_for
from authmint.federation.presets import PRESETS
from authmint.storage.identity_providers import IdentityProvider, Linking, Upstream
from authmint.storage.users import User
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOW

UPSTREAM = Upstream(
    "https://id.example.com",
    "https://id.example.com/a",
    "https://id.example.com/t",
    "https://id.example.com/k",
    "c",
    "s",
)
ADDRESSES = ("ann@a.example", "ANN@A.example", "bob@a.example", "ann@b.example")
FILTERS = (None, r".+@a\.example", ".*", r".+@a\.example|.*", r".*@(a|b)\.example", r".+@a.example")


def provider(issuer: str = UPSTREAM.issuer, **linking: Any) -> IdentityProvider:
    return IdentityProvider("0oaA", "OIDC", "p", NOW, NOW, replace(UPSTREAM, issuer=issuer), Linking(**linking))


def known(address: str = "ann@a.example", status: Any = "ACTIVE", **changes: Any) -> Known:
    return Known(User(f"00u{address}", NOW, NOW, status, {"login": address, "email": address}), **changes)


addresses = st.sampled_from(ADDRESSES)
people = st.builds(
    known,
    addresses,
    st.sampled_from(
        ("ACTIVE", "PASSWORD_EXPIRED", "SUSPENDED", "DEPROVISIONED", "PROVISIONED", "STAGED", "LOCKED_OUT")
    ),
    group_ids=st.sets(st.sampled_from(("00gA", "00gB"))).map(frozenset),
    administers=st.booleans(),
    pinned=st.sampled_from(("", UPSTREAM.fingerprint)),
)
saids = st.builds(
    Said,
    st.one_of(st.none(), addresses, st.sampled_from(("", " ", "ann", "x" * 101, "a\nb"))),
    st.booleans(),
    st.one_of(st.none(), addresses),
    st.one_of(st.none(), st.booleans()),
)
providers = st.builds(
    provider,
    st.sampled_from((UPSTREAM.issuer, PRESETS["MICROSOFT"].issuer)),
    provision=st.booleans(),
    link=st.booleans(),
    reactivate=st.booleans(),
    unsuspend=st.booleans(),
    link_groups=st.sampled_from(((), ("00gA",))),
    link_excluded=st.sampled_from(((), ("00uann@a.example",))),
    filter=st.sampled_from(FILTERS),
    match_type=st.sampled_from(("USERNAME", "EMAIL", "USERNAME_OR_EMAIL")),
)
candidates = st.lists(people, max_size=2)


@given(providers, saids, candidates)
def test_nobody_is_linked_by_an_address_that_nobody_vouches_for(
    idp: IdentityProvider, said: Said, found: list[Known]
) -> None:
    decision = decide(idp, None, said, found)
    if decision.action == "link" and "@" in (said.username or ""):
        says_so = said.email_verified is True and (said.email or "").casefold() == (said.username or "").casefold()
        assert says_so or (said.email_verified is None and idp.linking.filter == r".+@a\.example")
        assert said.email_verified is not False


@given(providers, saids, candidates)
def test_nobody_is_linked_by_everybodys_provider(idp: IdentityProvider, said: Said, found: list[Known]) -> None:
    if "{" in idp.upstream.issuer:
        assert decide(idp, None, said, found).action != "link"


@given(providers, saids, candidates)
def test_no_administrator_is_linked_of_themselves(idp: IdentityProvider, said: Said, found: list[Known]) -> None:
    decision = decide(idp, None, said, found)
    if decision.action == "link":
        assert not any(one.administers for one in found)


@given(providers, st.one_of(st.none(), people), saids, candidates)
def test_a_filter_that_does_not_match_keeps_strangers_out(
    idp: IdentityProvider, linked: Known | None, said: Said, found: list[Known]
) -> None:
    if linked is None and not said.fits:
        assert decide(idp, linked, said, found).action == "refuse"


@given(providers, st.one_of(st.none(), people), saids, candidates)
def test_a_link_is_followed_whatever_the_provider_says_now(
    idp: IdentityProvider, linked: Known | None, said: Said, found: list[Known]
) -> None:
    decision = decide(idp, linked, said, found)
    if linked is not None:
        assert decision.action in {"sign_in", "refuse"}
        assert decision.user == linked.user


@given(providers, people, saids)
def test_an_administrator_comes_by_no_provider_that_became_another_one(
    idp: IdentityProvider, linked: Known, said: Said
) -> None:
    if linked.administers and linked.pinned != idp.upstream.fingerprint:
        assert decide(idp, linked, said, []).action == "refuse"


@given(providers, st.one_of(st.none(), people), saids, candidates)
def test_accounts_that_are_closed_open_only_where_the_provider_may(
    idp: IdentityProvider, linked: Known | None, said: Said, found: list[Known]
) -> None:
    decision = decide(idp, linked, said, found)
    if decision.action in {"sign_in", "link"} and decision.user is not None:
        allowed = {"ACTIVE", "PASSWORD_EXPIRED", "PROVISIONED"}
        allowed |= {"SUSPENDED"} if idp.linking.unsuspend else set()
        allowed |= {"DEPROVISIONED"} if idp.linking.reactivate else set()
        assert decision.user.status in allowed
        assert (decision.change is None) == (decision.user.status in {"ACTIVE", "PASSWORD_EXPIRED"})


@given(providers, saids, candidates)
def test_nobody_is_made_beside_somebody_who_matches(idp: IdentityProvider, said: Said, found: list[Known]) -> None:
    decision = decide(idp, None, said, found)
    if decision.action == "provision":
        assert idp.linking.provision
        assert found == []
        assert said.email_verified is not False


@given(saids, candidates)
def test_where_nothing_is_automatic_nobody_new_gets_in(said: Said, found: list[Known]) -> None:
    assert decide(provider(), None, said, found).action == "refuse"


@pytest.mark.parametrize(
    ("linking", "said", "found", "action"),
    [
        ({"link": True}, Said("ann@a.example", email="ann@a.example", email_verified=True), [known()], "link"),
        ({"link": True}, Said("ann@a.example", email="ann@a.example"), [known()], "refuse"),
        ({"link": True}, Said("ann@a.example", email="bob@a.example", email_verified=True), [known()], "refuse"),
        ({"link": True, "filter": r".+@a\.example"}, Said("ann@a.example"), [known()], "link"),
        (
            {"link": True, "filter": r".+@a\.example"},
            Said("ann@a.example", email="ann@a.example", email_verified=False),
            [known()],
            "refuse",
        ),
        ({"link": True}, Said("ann"), [known("ann")], "link"),
        ({"link": True, "match_type": "EMAIL"}, Said("ann"), [known("ann")], "refuse"),
        ({"link": True, "link_groups": ("00gA",)}, Said("ann"), [known("ann")], "refuse"),
        ({"link": True, "link_groups": ("00gA",)}, Said("ann"), [known("ann", group_ids=frozenset({"00gA"}))], "link"),
        ({"link": True, "link_excluded": ("00uann",)}, Said("ann"), [known("ann")], "refuse"),
        ({"link": True}, Said("ann"), [known("ann"), known("ann@a.example")], "refuse"),
        ({"provision": True}, Said("ann"), [], "provision"),
        ({"provision": True}, Said("ann"), [known("ann")], "refuse"),
        ({"provision": True}, Said(None), [], "refuse"),
        ({}, Said("ann"), [], "refuse"),
    ],
)
def test_by_table(linking: dict[str, Any], said: Said, found: list[Known], action: str) -> None:
    assert decide(provider(**linking), None, said, found).action == action


@pytest.mark.parametrize(
    ("pattern", "vouches"),
    [
        (r".+@a\.example", True),
        (r"^?.*@a\.example$", True),
        (r"[a-z]+@a\.example", True),
        (r".+@a\.example|.*", False),
        (r".*@(a|b)\.example", False),
        (".*", False),
        (r".+@a.example", False),
        (r".+@.*\.example", False),
        (None, False),
    ],
)
def test_only_a_filter_that_names_one_domain_vouches_for_it(pattern: str | None, vouches: bool) -> None:
    said = Said("ann@a.example")
    assert vouched_for(provider(filter=pattern), said, "ann@a.example") is vouches
    assert not vouched_for(provider(filter=pattern), said, "ann@b.example")


def test_what_a_provider_says_of_an_address() -> None:
    texts: list[Any] = [True, "true", False, "false", "TRUE", 1, None]
    assert [said_verified({"email_verified": text}) for text in texts] == [True, True, False, False, False, True, None]
    assert said_verified({}) is None


@pytest.mark.parametrize("verified", [True, False, None])
@pytest.mark.parametrize(
    ("username", "login"),
    [
        ("victim\uff20corp.example", "victim@corp.example"),
        ("victim\ufe6bcorp.example", "victim@corp.example"),
        ("alice@fa\u00df.de", "alice@fass.de"),
        ("\uff41lice@corp.example", "alice@corp.example"),
    ],
)
def test_nobody_is_linked_by_what_only_folds_to_their_address(username: str, login: str, verified: bool | None) -> None:
    """People are found by folded names: two addresses that are one there can belong to two people."""
    said = Said(username, email=username, email_verified=verified)

    decision = decide(provider(link=True, provision=True), None, said, [known(login)])

    assert (decision.action, decision.reason) == ("refuse", "nobody vouches for the address")


def test_the_reason_is_for_the_log() -> None:
    assert decide(provider(), None, Said("ann"), []) == Decision("refuse", reason="nobody matches")
