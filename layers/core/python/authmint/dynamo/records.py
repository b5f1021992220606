"""Records as JSON bodies of items: a dataclass out, a dataclass in, checked against its types."""

from typing import Any, Final, TypeVar

import msgspec

_R = TypeVar("_R")
_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}


def encode(record: Any) -> str:
    """The record's fields as compact JSON."""
    return msgspec.json.encode(record).decode("utf-8")


def decode(body: str, record_type: type[_R]) -> _R:
    """The record. Members added since it was written take their defaults, unknown ones are dropped.

    Raises:
        msgspec.ValidationError: The item was not written by this code.
    """
    decoder = _DECODERS.get(record_type)
    if decoder is None:
        decoder = _DECODERS[record_type] = msgspec.json.Decoder(record_type)
    record: _R = decoder.decode(body)
    return record
