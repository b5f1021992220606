"""The botocore client of KMS, bounded in time."""

from typing import Any

from botocore.config import Config
from botocore.session import Session

from ..deadline import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT


def client(session: Session) -> Any:
    """A client that waits as long as ``patience`` says."""
    return session.create_client(
        "kms",
        config=Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            user_agent="authmint",
        ),
    )
