"""What is said of names that nobody knows."""

import pytest
from authmint.oauth.nearest import unknown
from hypothesis import given
from hypothesis import strategies as st

from tests.oauth.engine import Engine
from tests.support.builders import a_client, a_server


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        (
            "orders:raed",
            ["orders:read", "openid"],
            "scope 'orders:raed' is not known; the nearest that is: 'orders:read'",
        ),
        ("Orders:Read", ["orders:read"], "scope 'Orders:Read' is not known; the nearest that is: 'orders:read'"),
        ("zzz", ["orders:read"], "scope 'zzz' is not known"),
        ("x", [], "scope 'x' is not known"),
    ],
)
def test_the_nearest_name_is_said(name: str, known: list[str], said: str) -> None:
    assert unknown("scope", name, known) == said


@given(st.text(), st.lists(st.text(), max_size=5))
def test_what_is_said_fits_into_a_log_line(name: str, known: list[str]) -> None:
    assert unknown("scope", name * 100, known).startswith("scope '")


def test_the_log_names_the_scope_that_was_wrong() -> None:
    engine = Engine()

    engine.ask({"scope": "orders:raed"})

    assert "nearest that is: 'orders:read'" in engine.events.emitted[-1].debug["reason_detail"]


def test_the_log_names_the_grant_type_that_was_wrong() -> None:
    engine = Engine(a_server(), a_client())

    engine.ask({"grant_type": "client_credential"})

    assert "nearest that is: 'client_credentials'" in engine.events.emitted[-1].debug["reason_detail"]
