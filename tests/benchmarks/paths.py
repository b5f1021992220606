"""How far one has to read to follow a request: modules and functions that it takes, and changes from one to another.

``python -m tests.benchmarks.paths`` prints them for the requests that matter most, counted in warm functions over a
real backend; with ``--names`` the modules too.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from authmint.local.backend import Backend, backend_python
from authmint.local.deployment import deployment

from tests.benchmarks import people
from tests.benchmarks.handlers import ASK
from tests.benchmarks.measure import quiet
from tests.functions.deployment import Functions, form_event
from tests.support.backend import LocalAws

#: What decides: the protocol and what it stands on. Storage, plain values and the runtime are left out.
ROOMS: Final = tuple(
    f"authmint.{room}."
    for room in ("oauth", "pages", "web", "sign_on", "policy", "claims", "expressions", "tokens", "directory", "keys")
)
#: Modules that a warm request may take.
BARS: Final = {
    "machine token": 18,
    "refresh, ROTATE": 20,
    "authorize with a session": 22,
    "sign-in": 18,
}


def called(work: Callable[[], Any]) -> list[tuple[str, str]]:
    """Module and function of every call within the package that work makes, in order."""
    calls: list[tuple[str, str]] = []

    def profile(frame: Any, event: str, _: object) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__", "")
            if module.startswith(ROOMS) and not frame.f_code.co_name.startswith("<"):
                calls.append((module, frame.f_code.co_qualname))

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def report(name: str, calls: list[tuple[str, str]], *, names: bool) -> bool:
    """Print one line. Whether the bar is met."""
    modules = sorted({module for module, _ in calls})
    changes = sum(one != other for (one, _), (other, _) in pairwise(calls))
    bar = BARS.get(name)
    met = bar is None or len(modules) <= bar
    limit = "" if bar is None else f" (at most {bar}{'' if met else ': MISSED'})"
    print(f"{name:28} {len(modules):3} modules{limit}, {len(set(calls))} functions, {changes} changes of module")
    if names:
        print("  " + "\n  ".join(modules))
    return met


def main() -> int:
    """Count; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", action="store_true", help="name the modules")
    names = parser.parse_args().names
    with tempfile.TemporaryDirectory() as directory:
        backend = Backend(backend_python(deployment()), Path(directory) / "state")
        backend.start()
        try:
            return int(not _counted(LocalAws(backend.endpoint), names=names))
        finally:
            backend.stop()


def _counted(aws: LocalAws, *, names: bool) -> bool:
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": aws.endpoint,
        "AWS_ENDPOINT_URL_KMS": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with quiet():
        functions = Functions(aws.fresh())
        server, client, secret = functions.ready()
        maria = people.signed_in(Functions(aws.fresh()), "RS256")
    event = form_event("token", server, ASK, client, secret)
    operations = (
        people.Operation("machine token", "token", lambda _: functions.invoke("token", event)),
        people.redemption(maria),
        people.refresh(maria, rotation="ROTATE"),
        people.code(maria),
        people.password(maria),
    )
    met = True
    for operation in operations:
        with quiet():
            operation.work(operation.fresh())  # warm from here on
            calls = called(partial(operation.work, operation.fresh()))
        met = report(operation.name, calls, names=names) and met
    return met


if __name__ == "__main__":
    sys.exit(main())
