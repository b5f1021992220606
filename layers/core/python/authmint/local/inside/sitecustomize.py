"""What Python runs first in every function of the local stack: its clock, and whom its outbound fetches know and trust.

The deployed functions have none of it: this directory is on the import path of the local stack's processes only.

- ``AUTHMINT_LOCAL_CLOCK``: a file of eight bytes, seconds that the clock is ahead (little endian).
- ``AUTHMINT_FETCH_CA``: a PEM file; who is certified by it is trusted beside the usual authorities.
- ``AUTHMINT_FETCH_HOSTS``: ``name=address,...``; these names resolve to these addresses.
"""

import mmap
import os
import socket
import ssl
import struct
import time
from typing import Any

_INTEGER = struct.Struct("<q")


def _move_clock(path: str) -> None:
    with open(path, "rb") as file:
        shared = mmap.mmap(file.fileno(), _INTEGER.size, access=mmap.ACCESS_READ)
    real, real_ns = time.time, time.time_ns

    def ahead() -> int:
        seconds: int = _INTEGER.unpack_from(shared)[0]
        return seconds

    time.time = lambda: real() + ahead()
    time.time_ns = lambda: real_ns() + ahead() * 1_000_000_000


def _trust(path: str) -> None:
    usual = ssl.create_default_context

    def with_more(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = usual(*arguments, **options)
        context.load_verify_locations(path)
        return context

    ssl.create_default_context = with_more


def _know(hosts: str) -> None:
    known = dict(pair.strip().split("=", 1) for pair in hosts.split(",") if pair.strip())
    usual = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return usual(known.get(name, name), *arguments, **options)

    socket.getaddrinfo = getaddrinfo


if clock := os.environ.get("AUTHMINT_LOCAL_CLOCK"):
    _move_clock(clock)
if ca := os.environ.get("AUTHMINT_FETCH_CA"):
    _trust(ca)
if hosts := os.environ.get("AUTHMINT_FETCH_HOSTS"):
    _know(hosts)
