"""For which sites keys are good."""

import pytest
from authmint.factors.relying_party import relying_party
from authmint.storage.trusted_origins import OriginList, TrustedOrigin

TRUSTED = TrustedOrigin("tos1", "app", "https://app.other.org/", ("CORS",), 1, "a", 1, "a")
OFF = TrustedOrigin("tos2", "off", "https://off.org", ("CORS",), 1, "a", 1, "a", "INACTIVE")
NOBODY = OriginList()


def test_its_own_pages_and_those_that_are_trusted() -> None:
    party = relying_party("https://acme.example.com", OriginList((TRUSTED, OFF)))

    assert party.own_id == "acme.example.com"
    assert party.id_at("https://acme.example.com") == "acme.example.com"
    assert party.id_at("https://app.other.org") == "app.other.org"
    strangers = (
        "https://off.org",
        "http://acme.example.com",
        "https://acme.example.com:8443",
        "https://acme.example.com.evil.org",
        "https://evil.org",
        "",
    )
    for stranger in strangers:
        assert party.id_at(stranger) is None
        assert not party.takes(stranger, "acme.example.com")


def test_a_key_is_good_at_its_domain_and_below_it_and_nowhere_else() -> None:
    party = relying_party("https://acme.example.com", OriginList((TRUSTED,)))

    assert party.takes("https://acme.example.com", "acme.example.com")
    assert party.takes("https://acme.example.com", "example.com")
    assert not party.takes("https://acme.example.com", "app.other.org")
    assert not party.takes("https://app.other.org", "acme.example.com")
    assert not party.takes("https://acme.example.com", "me.example.com")
    assert not party.takes("https://acme.example.com", "")


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"])
def test_at_a_loopback_address_it_is_localhost(base_url: str) -> None:
    party = relying_party(base_url, NOBODY)

    assert party.own_id == "localhost"
    assert party.id_at("http://localhost:8080") == "localhost"
    assert party.id_at("http://localhost:9090") is None


def test_a_fixed_domain_is_that_of_all_origins_below_it() -> None:
    party = relying_party("https://login.example.com", OriginList((TRUSTED,)), fixed_id="example.com")

    assert party.own_id == "example.com"
    assert party.id_at("https://login.example.com") == "example.com"
    assert party.id_at("https://app.other.org") == "app.other.org"
    assert relying_party("https://else.org", NOBODY, fixed_id="example.com").own_id == "else.org"
