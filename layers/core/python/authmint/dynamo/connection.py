"""One botocore client for all tables of a function, tuned and bounded in time; its failures in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from pynamodb.connection.base import Connection
from pynamodb.exceptions import PynamoDBException

from ..deadline import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT
from ..storage.errors import Unavailable


def config(*, user_agent: str = "authmint") -> Config:
    """What makes a call cheap: no parameter checks, no rebuilt User-Agent, no account endpoint, one attempt policy."""
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        parameter_validation=False,
        user_agent=user_agent,
        account_id_endpoint_mode="disabled",
        tcp_keepalive=True,
    )


class SharedConnection(Connection):
    """pynamodb's connection over a client of ours, shared by every table."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._own: Any = session.create_client("dynamodb", config=config())

    @property
    def client(self) -> Any:
        return self._own


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever keeps DynamoDB from answering into ``Unavailable``.

    Raises:
        Unavailable: Throttled, down, too slow, denied, or a missing table. The cause says which.
    """
    try:
        yield
    except (PynamoDBException, ClientError, BotoCoreError) as error:
        raise Unavailable(f"DynamoDB: {error_code(error)}") from error


def error_code(error: BaseException) -> str:
    """The service's error code, or the name of what happened on the way to it."""
    # Not pynamodb's own ``cause_response_code``: it fails where the cause is a time-out, whose response is None.
    if isinstance(error, PynamoDBException) and (cause := error.cause or error.__cause__) is not None:
        return error_code(cause)
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "ClientError"))
    return type(error).__name__
