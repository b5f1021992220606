"""Clients that several tests share."""

import pytest

from tests.flows.okta_sdk import Sdk
from tests.support.stack import Running


@pytest.fixture
def sdk(stack: Running, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    return Sdk(stack)
