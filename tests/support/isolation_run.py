"""``python -m tests.support.isolation_run memory|functions``: the check in this process; 1: something crossed.

For mutants: a copy of the package that comes first on the path.
"""

import os
import sys

from authmint.cli.isolation.check import check

from tests.functions.deployment import Functions
from tests.support.backend import LocalAws, start
from tests.support.remotes import InMemory, OverFunctions, readable


def main(how: str) -> int:
    if how == "memory":
        memory = InMemory()
        return _said(check(memory, forge=memory.pairs.forge))
    backend = start()
    try:
        os.environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": backend.endpoint,
            "AWS_ENDPOINT_URL_KMS": backend.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return _said(check(OverFunctions(Functions(LocalAws(backend.endpoint).fresh()))))
    finally:
        backend.stop()


def _said(attempts: object) -> int:
    crossed = readable(attempts)
    print(crossed, file=sys.stderr)
    return int(crossed != "[]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
