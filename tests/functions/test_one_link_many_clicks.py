"""Of many who use one mailed link at once, one does: over a real backend, where races are real."""

import threading
from concurrent.futures import ThreadPoolExecutor

from authmint.clock import SystemClock
from authmint.directory.password_change import NotChangeable
from authmint.http import Request
from authmint.recovery.refusals import NotOpen
from authmint.runtime.parts import Parts

from tests.functions.deployment import Functions
from tests.functions.sign_ins import mailed, people_at
from tests.support.backend import Deployed
from tests.support.people import LOGIN

CLICKS = 20
ASKED = Request("POST", "/recovery", "https://acme.example.com", source_ip="192.0.2.1")


def test_of_twenty_who_choose_a_password_by_one_link_exactly_one_does(functions: Functions, deployed: Deployed) -> None:
    server, _, _ = functions.ready()
    people = people_at(functions, server)
    people.submit("/forgot", people.visit("GET", "/forgot")["body"], username=LOGIN)
    (link,) = mailed(people, "ForgotPassword")
    parts = Parts(deployed.environment())
    recovery, now = parts.recovery(), SystemClock().now()
    opened = recovery.open(link.rpartition("/")[2], ASKED, now=now)
    start = threading.Barrier(CLICKS)

    def choose(number: int) -> str | None:
        start.wait()
        try:
            recovery.set_password(opened, f"Fresh-Horse-{number}-7", now=now, request=ASKED)
        except (NotOpen, NotChangeable):
            return None
        return f"Fresh-Horse-{number}-7"

    with ThreadPoolExecutor(CLICKS) as pool:
        won = [password for password in pool.map(choose, range(CLICKS)) if password]

    assert len(won) == 1
    user = parts.records.users.get(people.user)
    assert user.password is not None
    assert parts.hashes().fits(won[0], user.password.hash)
    changed = functions.admin("GET", '/api/v1/logs?filter=eventType eq "user.account.update_password"')
    assert len(changed) == 1
