"""Items over a shared connection."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.sessions import DynamoSessions
from authmint.ids import RandomIds
from authmint.storage.errors import NotFound
from authmint.storage.sessions import Sessions
from pynamodb.models import Model

from tests.support.backend import Deployed


def test_threads_that_use_a_table_for_the_first_time_at_once_share_its_connection(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: Any = vars(Model)["_get_connection"].__func__

    def slowly(cls: type[Model]) -> Any:
        connection = usual(cls)
        threading.Event().wait(0.01)  # long enough for others to come in between
        return connection

    monkeypatch.setattr(Model, "_get_connection", classmethod(slowly))
    for _ in range(2):
        sessions: Sessions = DynamoSessions(deployed.tables(), RandomIds(SystemClock()))
        begun = threading.Barrier(16)

        def first(_: int, sessions: Sessions = sessions, begun: threading.Barrier = begun) -> bool:
            begun.wait()
            try:
                sessions.get("nobody")
            except NotFound:
                return True
            return False

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(first, range(16)))
