"""The tests' own date lies ahead of the real one, because the backend removes what has expired by the real one."""

import time

import pytest
from authmint.dynamo.items import HEAD

from tests.support.backend import Deployed
from tests.support.fakes import NOW


def test_the_date_of_the_tests_lies_ahead() -> None:
    assert time.time() + 365 * 86_400 < NOW


def test_no_test_can_store_what_is_expired_for_the_backend(deployed: Deployed) -> None:
    item = deployed.tables().grants
    assert item is not None

    item("SESSION#1", HEAD, ttl=NOW).save()
    with pytest.raises(AssertionError, match="in the real past"):
        item("SESSION#2", HEAD, ttl=1_700_000_000).save()
