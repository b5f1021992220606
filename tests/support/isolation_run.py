"""The check that ships, in this process: over the domain, or over the functions and the backend that the tests use."""

import os
import sys
from unittest.mock import patch

from authmint.cli.isolation.check import check
from authmint.rate_limit import RateLimit

from tests.functions.deployment import Functions
from tests.support.backend import SHARED, LocalAws
from tests.support.pace import unbraked
from tests.support.remotes import InMemory, OverFunctions, readable


def main(how: str) -> int:
    """``memory`` or ``functions``; 1: something crossed."""
    if how == "memory":
        memory = InMemory()
        return _said(check(memory, forge=memory.pairs.forge))
    endpoint = os.environ[SHARED]
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_KMS": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.object(RateLimit, "take", unbraked()):
        return _said(check(OverFunctions(Functions(LocalAws(endpoint).fresh()))))


def _said(attempts: object) -> int:
    crossed = readable(attempts)
    print(crossed, file=sys.stderr)
    return int(crossed != "[]")
