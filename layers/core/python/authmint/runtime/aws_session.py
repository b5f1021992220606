"""A botocore session that starts fast: what it reads of botocore's data is a tenth of it, and read ten times faster."""

import os.path
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec
from botocore.exceptions import BotoCoreError
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

from ..deadline import Deadline

_SERVICES: Final = ("dynamodb", "kms", "lambda", "sesv2")


class _Files(JSONFileLoader):  # type: ignore[misc]  # botocore is untyped
    """Decodes with msgspec: service models are megabytes of JSON."""

    def _load_file(self, full_path: str, open_method: Callable[[str, str], Any]) -> Any:
        if not os.path.isfile(full_path):
            return None
        with open_method(full_path, "rb") as file:
            return msgspec.json.decode(file.read())


class _Loader(Loader):  # type: ignore[misc]  # botocore is untyped
    """Knows which services there are, and the endpoints of every partition without their list.

    botocore finds out the first by looking into hundreds of directories, for every client, and the second from over
    a megabyte that names each service in each region. Where the requests go is decided by each service's own rule set.
    """

    FILE_LOADER_CLASS = _Files

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore names it
        return list(_SERVICES)

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name != "endpoints":
            return cast("tuple[Any, str]", super().load_data_with_path(name))
        partitions, path = super().load_data_with_path("partitions")
        return {"version": 3, "partitions": [_endpoints(known) for known in partitions["partitions"]]}, path


def _endpoints(partition: Mapping[str, Any]) -> dict[str, Any]:
    """A partition in the form of ``endpoints.json``, without a service of its own."""
    outputs = partition["outputs"]
    suffixes = {"fips": outputs["dnsSuffix"], "dualstack": outputs["dualStackDnsSuffix"]}
    hosts = {"fips": "{service}-fips.{region}.{dnsSuffix}", "dualstack": "{service}.{region}.{dnsSuffix}"}
    variants = [{"tags": [tag], "hostname": hosts[tag], "dnsSuffix": suffix} for tag, suffix in suffixes.items()]
    variants.append({"tags": ["dualstack", "fips"], "hostname": hosts["fips"], "dnsSuffix": suffixes["dualstack"]})
    return {
        "partition": partition["id"],
        "dnsSuffix": outputs["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "defaults": {
            "hostname": "{service}.{region}.{dnsSuffix}",
            "protocols": ["https"],
            "signatureVersions": ["v4"],
            "variants": variants,
        },
        "services": {},
    }


class NoTimeLeft(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """The invocation would be cut off before this attempt is over: better a clear answer now."""

    fmt = "no time is left for another attempt"


def session(deadline: Deadline | None = None) -> Session:
    """A session for clients of DynamoDB, KMS, SES and Lambda; no attempt of theirs begins too late for the deadline."""
    made = Session()
    made.register_component("data_loader", _Loader())
    if deadline is not None:

        def in_time(**_: Any) -> None:
            if not deadline.allows_an_attempt():
                raise NoTimeLeft

        made.register("before-send.*.*", in_time)
    return made
