"""A botocore session that starts fast."""

from typing import Final

from botocore.loaders import Loader
from botocore.session import Session

_SERVICES: Final = ("dynamodb", "kms")


class _Loader(Loader):  # type: ignore[misc]  # botocore is untyped
    """Knows which services there are. botocore finds out by looking into hundreds of directories, for every client."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore names it
        return list(_SERVICES)


def session() -> Session:
    """A session for clients of DynamoDB and KMS."""
    made = Session()
    made.register_component("data_loader", _Loader())
    return made
