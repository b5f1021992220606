"""Of two ways in that may each go while the other one stays, one stays: in memory and in DynamoDB."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations

import pytest
from authmint.dynamo.factors import DynamoFactors
from authmint.dynamo.identity_providers import DynamoIdentityProviders, DynamoIdpLinks
from authmint.dynamo.users import DynamoUsers
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.factors import Credential, Factor, Factors
from authmint.storage.identity_providers import IdentityProvider, IdentityProviders, IdpLink, IdpLinks, Upstream
from authmint.storage.users import Password, User, Users
from authmint.storage.ways_in import Way

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.fakes import NOW, FrozenClock

WAYS = ("password", "link", "key")
PAIRS = [*permutations(WAYS, 2)]
AT = "https://id.example.com"


@dataclass(frozen=True)
class Stored:
    """A user with a password, a link and a key."""

    users: Users
    providers: IdentityProviders
    links: IdpLinks
    factors: Factors

    def way(self, name: str) -> Way:
        if name == "password":
            return self.users.get("00uA")
        return self.links.get("0oaA", "00uA") if name == "link" else self.factors.get("00uA", "fwfK")

    def take(self, way: Way, beside: Way | None = None) -> None:
        if isinstance(way, User):
            self.users.save(way, replace(way, password=None), [], beside=beside)
        elif isinstance(way, IdpLink):
            self.links.remove(way, [], beside=beside)
        else:
            self.factors.remove(way, [], beside=[] if beside is None else [beside])

    def left(self) -> int:
        password = self.users.get("00uA").password is not None
        return password + len(self.links.of_user("00uA")) + len(self.factors.of("00uA"))


@pytest.fixture(params=["memory", "dynamo"])
def stored(request: pytest.FixtureRequest) -> Stored:
    if request.param == "memory":
        memory = MemoryStorage()
        stored = Stored(memory.users, memory.identity_providers, memory.idp_links, memory.factors)
    else:
        tables, clock = request.getfixturevalue("deployed").tables(), FrozenClock()
        providers, links = DynamoIdentityProviders(tables, clock), DynamoIdpLinks(tables)
        stored = Stored(DynamoUsers(tables, clock), providers, links, DynamoFactors(tables))
    profile = {"login": "ann@example.com", "email": "ann@example.com"}
    stored.users.add(User("00uA", NOW, NOW, "ACTIVE", profile, password=Password("h", NOW)), [])
    upstream = Upstream(AT, f"{AT}/a", f"{AT}/t", f"{AT}/k", "c", "s")
    provider = IdentityProvider("0oaA", "OIDC", "Corp", NOW, NOW, upstream)
    stored.providers.save(None, provider, [], seen=stored.providers.all())
    stored.links.add(IdpLink("0oaA", "00uA", "s-1", NOW, NOW), [])
    key = Credential("c", "k", "example.com", "h", discoverable=True)
    stored.factors.add(Factor("fwfK", "00uA", "webauthn", "ACTIVE", NOW, NOW, provider="FIDO", credential=key), [])
    return stored


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except (Conflict, NotFound):
        return True
    return False


@pytest.mark.parametrize(("going", "staying"), PAIRS)
def test_one_goes_while_the_other_is_there(stored: Stored, going: str, staying: str) -> None:
    stored.take(stored.way(going), stored.way(staying))

    assert stored.left() == 2


@pytest.mark.parametrize(("going", "staying"), PAIRS)
def test_none_goes_where_the_other_is_gone(stored: Stored, going: str, staying: str) -> None:
    going_one, staying_one = stored.way(going), stored.way(staying)
    stored.take(staying_one)

    assert refused(lambda: stored.take(going_one, staying_one))
    assert stored.left() == 2


@pytest.mark.parametrize(("one", "other"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_of_two_that_go_at_once_one_stays(stored: Stored, one: str, other: str) -> None:
    pair = (stored.way(one), stored.way(other))

    outcomes = race(lambda number: stored.take(pair[number % 2], pair[(number + 1) % 2]), Conflict, NotFound)

    assert outcomes.count("won") <= 1
    assert stored.left() == 3 - outcomes.count("won")
