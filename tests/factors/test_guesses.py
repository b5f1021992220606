"""Many guesses at once, over a real backend: no more are looked at than may be wrong, and a right code is good once."""

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from authmint.factors.answers import Passcode
from authmint.factors.kind import SharedSecret
from authmint.factors.refusals import FactorRefused
from authmint.factors.totp import Totp, code_at
from authmint.factors.user_factors import UserFactors
from authmint.runtime.records import Records
from authmint.storage.factors import Factor
from authmint.storage.users import User

from tests.factors.people import ASKED
from tests.memory.parts import Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.support.backend import Deployed
from tests.support.builders import a_user
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, FrozenClock


class Guessed:
    """Ann's app, in DynamoDB; ``looked_at`` are the codes that were compared."""

    def __init__(self, deployed: Deployed) -> None:
        clock, ids = FrozenClock(), CountingIds()
        records = Records(deployed.tables(), clock, ids)
        storage = cast("MemoryStorage", records)
        parts = MemoryParts(storage, vault=FakeKeyPairs(), clock=clock, ids=ids, log=Emitted())
        records.users.add(a_user(), [])
        self.records = records
        self.looked_at: list[str] = []
        self.factors = self._watched(parts.user_factors())
        pending, shared = self.factors.enrol(self.ann, "totp", now=NOW, request=ASKED)
        assert isinstance(shared, SharedSecret)
        self.secret = base64.b32decode(shared.secret)
        self.app = self.factors.activate(self.ann, pending, self.code(0), now=NOW, request=ASKED)

    @property
    def ann(self) -> User:
        return self.records.users.get("00uA")

    def code(self, steps: int) -> Passcode:
        return Passcode(code_at(self.secret, NOW // 30 + steps))

    def guess_at_once(self, code: Passcode) -> list[str]:
        """Fifty times. What each was told."""
        ann = self.ann

        def guess(_: int) -> str:
            try:
                self.factors.verify(ann, [self.app], code, binding="t", now=NOW + 30, request=ASKED)
            except FactorRefused as refusal:
                return type(refusal).__name__
            return "right"

        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(guess, range(50)))

    def _watched(self, factors: UserFactors) -> UserFactors:
        kind = cast("Totp", factors.kinds("totp"))
        looked_at = self.looked_at

        class Watched(Totp):
            def verify(self, factors: Any, answer: Any, ask: Any) -> tuple[Factor, Any]:
                looked_at.append(answer.text)
                return super().verify(factors, answer, ask)

        watched = Watched(kind.factors, kind.seals, kind.ids, kind.issuer)
        return replace(factors, kinds=lambda _: watched)


@pytest.fixture
def guessed(deployed: Deployed) -> Guessed:
    return Guessed(deployed)


def test_of_fifty_wrong_codes_five_are_looked_at_and_lock(guessed: Guessed) -> None:
    told = guessed.guess_at_once(Passcode("000000" if guessed.code(1).text != "000000" else "111111"))

    assert len(guessed.looked_at) == 5
    assert told.count("WrongAnswer") == 4
    assert set(told) <= {"WrongAnswer", "LockedOut", "TooFast"}
    assert guessed.ann.status == "LOCKED_OUT"


def test_of_fifty_right_codes_one_is_taken_and_nobody_is_locked(guessed: Guessed) -> None:
    told = guessed.guess_at_once(guessed.code(1))

    assert told.count("right") == 1
    assert set(told) <= {"right", "Replayed", "TooFast"}
    assert (guessed.ann.status, guessed.ann.failed_codes) == ("ACTIVE", 0)
