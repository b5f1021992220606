"""Clients of KMS, bounded in time: one that starts fast, and boto3's for functions that administer."""

from typing import Any

from botocore.config import Config
from botocore.session import Session

from ..deadline import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT


def client(session: Session) -> Any:
    """Botocore's client, which waits as long as ``authmint.deadline`` says."""
    return session.create_client("kms", config=_config())


def administrative_client(session: Session) -> Any:
    """boto3's client over the same session: for functions whose cold start nobody waits for."""
    import boto3  # the functions that sign load none of it

    return boto3.session.Session(botocore_session=session).client("kms", config=_config())


def _config() -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        user_agent="authmint",
    )
