"""The botocore client of KMS, bounded in time."""

from typing import Any

from botocore.config import Config
from botocore.session import Session


def client(session: Session) -> Any:
    """A client whose slowest call, retries included, ends within the 10 s of a hot function."""
    return session.create_client(
        "kms",
        config=Config(
            connect_timeout=1.0,
            read_timeout=2.0,
            retries={"total_max_attempts": 3, "mode": "standard"},
            user_agent="authmint",
        ),
    )
