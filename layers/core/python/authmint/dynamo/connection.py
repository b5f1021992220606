"""One botocore client for all tables of a function, tuned and bounded in time; its failures in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from pynamodb.connection.base import Connection
from pynamodb.exceptions import PynamoDBException

from ..deadline import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT
from ..storage.errors import Throttled, Unavailable

#: What the service answers, or gives as the reason of a canceled transaction, to who asks for too much at once.
THROTTLING: Final = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
    }
)


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
        self._own._ruleset_resolver = _OneEndpoint(self._own._ruleset_resolver)

    @property
    def client(self) -> Any:
        return self._own


class _OneEndpoint:
    """botocore's resolver of endpoints, asked once per operation.

    It works the address out anew for every call, a tenth of what a call costs. Region and address of this client never
    change, and addresses by account are off (``config``), so the answer for an operation is always the same.
    """

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        self._found: dict[str, Any] = {}

    def construct_endpoint(self, operation_model: Any, call_args: Any, request_context: Any) -> Any:
        found = self._found.get(operation_model.name)
        if found is None:
            found = self._resolver.construct_endpoint(operation_model, call_args, request_context)
            self._found[operation_model.name] = found
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolver, name)


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever keeps DynamoDB from answering into ``Unavailable``.

    Raises:
        Throttled: Asked for too much at once, and botocore's own attempts did not help.
        Unavailable: Down, too slow, denied, or a missing table. The cause says which.
    """
    try:
        yield
    except (PynamoDBException, ClientError, BotoCoreError) as error:
        kind = Throttled if error_code(error) in THROTTLING else Unavailable
        raise kind(_told(error)) from error


def _told(error: BaseException) -> str:
    """Which call failed, and how. A call that got no answer at all says not which one it was; the log says where."""
    cause = error.cause or error.__cause__ or error if isinstance(error, PynamoDBException) else error
    operation = f" {cause.operation_name}" if isinstance(cause, ClientError) else ""
    return f"DynamoDB{operation}: {error_code(error)}"


def error_code(error: BaseException) -> str:
    """The service's error code, or the name of what happened on the way to it."""
    # Not pynamodb's own ``cause_response_code``: it fails where the cause is a time-out, whose response is None.
    if isinstance(error, PynamoDBException) and (cause := error.cause or error.__cause__) is not None:
        return error_code(cause)
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "ClientError"))
    return type(error).__name__
