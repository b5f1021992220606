"""Servers whose keys are due."""

from dataclasses import replace

from authmint.clock import SystemClock
from authmint.dynamo.servers import DynamoServers

from tests.support.backend import Deployed

OTHER = {"name": "other", "audiences": ["a"], "issuerMode": "ORG_URL", "credentials": {"signing": {"alg": "ES256"}}}


def aged(deployed: Deployed, server: str, *, without_next: bool = False) -> None:
    """Make the server's keys old enough: the NEXT one signs at the next run, or one is made where there is none."""
    servers = DynamoServers(deployed.tables(), SystemClock())
    record = servers.get(server)
    kept = (key for key in record.keys if not without_next or key.status != "NEXT")
    old = tuple(replace(key, activated_at=1, published_at=1) for key in kept)
    servers.save(record, replace(record, keys=old, rotate_at=1), [])
