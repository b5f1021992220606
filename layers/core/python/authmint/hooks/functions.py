"""Functions of the operator's, by Lambda: hooks without an endpoint (docs/protocol.md §39.2)."""

from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from botocore.session import Session

from ..oauth.outbound_fetch import MAX_BYTES
from .calls import SECONDS, HookFailed

_CONNECT_SECONDS: Final = 0.5


def client(session: Session) -> Any:
    """A client that waits as long as a hook may take, and asks once."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=SECONDS - _CONNECT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent="authmint",
    )
    return session.create_client("lambda", config=config)


class LambdaFunctions:
    """``Functions``. ``lambda_`` is botocore's client."""

    def __init__(self, lambda_: Any) -> None:
        self._lambda = lambda_

    def invoke(self, arn: str, payload: bytes) -> bytes:
        try:
            answer = self._lambda.invoke(FunctionName=arn, Payload=payload)
            content: bytes = answer["Payload"].read()
        except ReadTimeoutError:
            raise HookFailed("the function did not answer in time", slow=True) from None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "ClientError")
            raise HookFailed(f"the function cannot be invoked: {code}") from None
        except BotoCoreError as error:
            raise HookFailed(f"the function cannot be invoked: {type(error).__name__}") from None
        if "FunctionError" in answer:
            raise HookFailed("the function failed")
        if len(content) >= MAX_BYTES:
            raise HookFailed("too large")
        return content
