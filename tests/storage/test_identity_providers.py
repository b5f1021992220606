"""Identity providers and whom they know, in memory and in DynamoDB."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from authmint.dynamo.cleanup import DynamoCleanup
from authmint.dynamo.identity_providers import DynamoIdentityProviders, DynamoIdpLinks
from authmint.dynamo.memberships import sweep
from authmint.dynamo.users import DynamoUsers
from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.identity_providers import (
    IdentityProvider,
    IdentityProviderList,
    IdentityProviders,
    IdpLink,
    IdpLinks,
    Upstream,
)
from authmint.storage.users import Provider, User, Users

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.fakes import NOW, FrozenClock

UPSTREAM = Upstream(
    "https://id.example.com",
    "https://id.example.com/a",
    "https://id.example.com/t",
    "https://id.example.com/k",
    "c",
    "s",
)


@dataclass(frozen=True)
class Stored:
    """What of a deployment these tests are about."""

    providers: IdentityProviders
    links: IdpLinks
    users: Users

    def provider(self, identifier: str = "0oaA", **changes: Any) -> IdentityProvider:
        made = replace(IdentityProvider(identifier, "OIDC", identifier, NOW, NOW, UPSTREAM), **changes)
        self.providers.save(None, made, [], seen=self.providers.all())
        return made

    def user(self, identifier: str) -> User:
        made = a_user(identifier)
        self.users.add(made, [])
        return made


@pytest.fixture(params=["memory", "dynamo"])
def stored(request: pytest.FixtureRequest) -> Stored:
    if request.param == "memory":
        memory = MemoryStorage()
        return Stored(memory.identity_providers, memory.idp_links, memory.users)
    tables = request.getfixturevalue("deployed").tables()
    clock = FrozenClock()
    return Stored(DynamoIdentityProviders(tables, clock), DynamoIdpLinks(tables), DynamoUsers(tables, clock))


def a_user(identifier: str, **changes: Any) -> User:
    address = f"{identifier.lower()}@example.com"
    return replace(User(identifier, NOW, NOW, "ACTIVE", {"login": address, "email": address}), **changes)


def a_link(user_id: str, subject: str = "s-1", idp_id: str = "0oaA") -> IdpLink:
    return IdpLink(idp_id, user_id, subject, NOW, NOW)


def missing(read: Callable[[], object]) -> bool:
    try:
        read()
    except NotFound:
        return True
    return False


def test_what_was_saved_is_read_in_ascending_id(stored: Stored) -> None:
    assert stored.providers.all() == IdentityProviderList()
    made = [stored.provider(identifier) for identifier in ("0oaB", "0oaA")]

    listed = stored.providers.all()

    assert listed == IdentityProviderList(tuple(replace(one, version=1) for one in reversed(made)), 2)
    assert listed.get("0oaB") == listed.providers[1]
    assert listed.get("0oaC") is None


def test_a_change_by_an_old_list_is_refused(stored: Stored) -> None:
    seen = stored.providers.all()
    stored.provider()

    with pytest.raises(Conflict):
        stored.providers.save(None, IdentityProvider("0oaB", "OIDC", "b", NOW, NOW, UPSTREAM), [], seen=seen)

    (read,) = stored.providers.all().providers
    stored.providers.save(read, replace(read, name="other"), [], seen=stored.providers.all())
    assert [(one.name, one.version) for one in stored.providers.all().providers] == [("other", 2)]


def test_a_link_is_found_from_both_ends_and_by_its_subject(stored: Stored) -> None:
    stored.provider()
    for identifier in ("00uB", "00uA"):
        stored.user(identifier)
        stored.links.add(a_link(identifier, f"of {identifier}"), [])

    assert stored.links.by_subject("0oaA", "of 00uA") == a_link("00uA", "of 00uA")
    assert [link.user_id for link in stored.links.of_idp("0oaA")] == ["00uA", "00uB"]
    assert [link.user_id for link in stored.links.of_idp("0oaA", after="00uA", limit=1)] == ["00uB"]
    assert [link.idp_id for link in stored.links.of_user("00uA")] == ["0oaA"]
    assert missing(lambda: stored.links.by_subject("0oaB", "of 00uA"))


def test_neither_a_user_nor_a_subject_is_linked_twice(stored: Stored) -> None:
    stored.provider()
    for identifier in ("00uA", "00uB"):
        stored.user(identifier)
    stored.links.add(a_link("00uA", "s-1"), [])

    for again in (a_link("00uA", "s-2"), a_link("00uB", "s-1"), a_link("00uA", "s-1")):
        with pytest.raises(AlreadyExists):
            stored.links.add(again, [])

    assert [link.user_id for link in stored.links.of_idp("0oaA")] == ["00uA"]


def test_nobody_is_linked_to_what_is_not_there(stored: Stored) -> None:
    stored.provider()
    stored.user("00uA")

    for nothing in (a_link("00uX"), a_link("00uA", idp_id="0oaX")):
        with pytest.raises(NotFound):
            stored.links.add(nothing, [])


def test_of_many_links_of_one_subject_one_wins(stored: Stored) -> None:
    stored.provider()
    for number in range(4):
        stored.user(f"00u{number}")

    outcomes = race(lambda number: stored.links.add(a_link(f"00u{number % 4}"), []), AlreadyExists, Conflict)

    assert outcomes.count("won") == 1


def test_what_the_provider_says_now_is_kept(stored: Stored) -> None:
    stored.provider()
    stored.user("00uA")
    stored.links.add(a_link("00uA"), [])

    stored.links.update(replace(a_link("00uA"), profile={"email": "new@example.com"}))
    stored.links.update(a_link("00uX"))

    assert stored.links.get("0oaA", "00uA").profile == {"email": "new@example.com"}
    assert missing(lambda: stored.links.get("0oaA", "00uX"))


def test_who_was_unlinked_can_be_linked_again(stored: Stored) -> None:
    stored.provider()
    stored.user("00uA")
    stored.links.add(a_link("00uA"), [])

    stored.links.remove(a_link("00uA"), [])

    assert missing(lambda: stored.links.by_subject("0oaA", "s-1"))
    assert missing(lambda: stored.links.remove(a_link("00uA"), []))
    stored.links.add(a_link("00uA"), [])


def test_a_link_goes_beside_another_one_that_stays(stored: Stored) -> None:
    for idp_id in ("0oaA", "0oaB"):
        stored.provider(idp_id)
    stored.user("00uA")
    first, second = a_link("00uA"), a_link("00uA", "s-2", "0oaB")
    stored.links.add(first, [])
    assert missing(lambda: stored.links.remove(first, [], beside=second))
    stored.links.add(second, [])

    stored.links.remove(first, [], beside=second)

    assert [link.idp_id for link in stored.links.of_user("00uA")] == ["0oaB"]


def test_of_two_links_that_go_at_once_beside_each_other_one_stays(stored: Stored) -> None:
    links = [a_link("00uA"), a_link("00uA", "s-2", "0oaB")]
    for link in links:
        stored.provider(link.idp_id)
    stored.user("00uA")
    for link in links:
        stored.links.add(link, [])

    def unlink(number: int) -> None:
        stored.links.remove(links[number % 2], [], beside=links[(number + 1) % 2])

    outcomes = race(unlink, NotFound, Conflict)

    assert outcomes.count("won") <= 1
    assert len(stored.links.of_user("00uA")) == 2 - outcomes.count("won")


def test_a_deleted_user_is_known_to_nobody(stored: Stored) -> None:
    stored.provider()
    stored.user("00uA")
    stored.links.add(a_link("00uA"), [])

    stored.users.delete(stored.users.get("00uA"), [])

    assert missing(lambda: stored.links.by_subject("0oaA", "s-1"))
    assert list(stored.links.of_idp("0oaA")) == []
    stored.user("00uB")
    stored.links.add(a_link("00uB"), [])


def test_a_deleted_provider_knows_nobody(stored: Stored) -> None:
    stored.provider()
    stored.user("00uA")
    stored.links.add(a_link("00uA"), [])
    (read,) = stored.providers.all().providers

    stored.providers.save(read, None, [], seen=stored.providers.all())

    assert stored.providers.all().providers == ()
    assert missing(lambda: stored.links.by_subject("0oaA", "s-1"))
    assert list(stored.links.of_user("00uA")) == []
    with pytest.raises(NotFound):
        stored.links.add(a_link("00uA"), [])


def test_a_user_and_the_link_are_made_together_or_not_at_all(stored: Stored) -> None:
    stored.provider()
    provider = Provider("FEDERATION", "partner", "0oaA")
    stored.users.add(a_user("00uA", provider=provider), [], link=a_link("00uA"))

    assert stored.users.get("00uA").provider == provider
    assert stored.links.by_subject("0oaA", "s-1").user_id == "00uA"
    for refused in (a_link("00uB"), a_link("00uB", "s-2", idp_id="0oaX")):
        with pytest.raises(Conflict):
            stored.users.add(a_user("00uB"), [], link=refused)
    assert missing(lambda: stored.users.get("00uB"))


def test_of_two_first_sign_ins_at_once_one_makes_the_user(stored: Stored) -> None:
    stored.provider()

    outcomes = race(
        lambda number: stored.users.add(a_user(f"00u{number}"), [], link=a_link(f"00u{number}")),
        Conflict,
        AlreadyExists,
    )

    assert outcomes.count("won") == 1
    assert len(stored.users.list()) == 1


def test_what_a_crash_left_of_a_provider_is_swept(request: pytest.FixtureRequest) -> None:
    tables = request.getfixturevalue("deployed").tables()
    clock = FrozenClock()
    providers, links = DynamoIdentityProviders(tables, clock), DynamoIdpLinks(tables)
    stored = Stored(providers, links, DynamoUsers(tables, clock))
    stored.provider()
    stored.user("00uA")
    links.add(a_link("00uA"), [])
    (read,) = providers.all().providers
    with pytest.MonkeyPatch.context() as crash:
        crash.setattr("authmint.dynamo.identity_providers.at_once", lambda _: None)
        providers.save(read, None, [], seen=providers.all())

    assert [link.idp_id for link in links.of_user("00uA")] == ["0oaA"]
    assert DynamoCleanup(tables).run()[0] == ["IDP#0oaA"]
    assert list(links.of_user("00uA")) == []
    assert sweep(tables, "IDP#0oaA")
