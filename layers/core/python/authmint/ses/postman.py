"""``Postman`` by SES: one call of version 2 of its API for each mail."""

from email.utils import formataddr
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from ..mail.mailer import Rejected
from ..mail.rendering import Message
from ..outage import Outage
from ..storage.outbox import Mail

#: What SES says of a mail that it will not take later either.
_FOR_GOOD: Final = frozenset({"MessageRejected", "BadRequestException"})
_CONNECT_SECONDS: Final = 2
_READ_SECONDS: Final = 10


def client(session: Session) -> Any:
    """A client that is patient: nobody waits for it, and mail that is sent twice is worse than late."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 2, "mode": "standard"},
        user_agent="authmint",
    )
    return session.create_client("sesv2", config=config)


class SesPostman:
    """``Postman``.

    Args:
        ses: The client.
        sender: Address, of a verified identity.
        name: What its mail is signed with.
        configuration_set: By which SES tells what comes back; ``None``: nobody is told.
    """

    def __init__(self, ses: Any, sender: str, name: str, configuration_set: str | None = None) -> None:
        self._ses = ses
        self._set = {} if configuration_set is None else {"ConfigurationSetName": configuration_set}
        self._from = formataddr((name, sender))

    def send(self, mail: Mail, message: Message) -> None:
        try:
            self._ses.send_email(
                FromEmailAddress=self._from,
                Destination={"ToAddresses": [mail.to]},
                Content={
                    "Simple": {
                        "Subject": _text(message.subject),
                        "Body": {"Text": _text(message.text), "Html": _text(message.html)},
                        # No machine is to answer it (RFC 3834 §5).
                        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
                    }
                },
                **self._set,
                EmailTags=[{"Name": "mail", "Value": mail.id}, {"Name": "template", "Value": mail.template}],
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "ClientError"))
            if code in _FOR_GOOD:
                raise Rejected(code) from None
            raise Outage(f"SES SendEmail: {code}") from error
        except BotoCoreError as error:
            raise Outage(f"SES SendEmail: {type(error).__name__}") from error


def _text(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}
