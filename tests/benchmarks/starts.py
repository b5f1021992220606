"""How functions start: CPU and memory of imports and wiring in fresh processes, and the size of the layer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import bar, line

CHECKOUT: Final = Path(__file__).parents[2]
_DYNAMO: Final = """
from pynamodb.models import Model
import botocore.session
session = botocore.session.get_session()
session.create_client("dynamodb", region_name="us-east-1")
"""
_KMS: Final = 'session.create_client("kms", region_name="us-east-1")\n'
_CRYPTOGRAPHY: Final = """
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
"""
_POWERTOOLS: Final = """
from aws_lambda_powertools import Logger, Metrics
Logger(service="x"); Metrics(namespace="x", service="x")
"""
_ROUTER: Final = "from aws_lambda_powertools.event_handler import APIGatewayRestResolver\nAPIGatewayRestResolver()\n"
_JINJA: Final = "import jinja2\njinja2.Environment(autoescape=True)\n"
_ALL: Final = _DYNAMO + _KMS + _CRYPTOGRAPHY + _POWERTOOLS
#: What a function with the same task imports and makes when nobody looks at its start.
STOCK: Final = {
    "token": _ALL,
    "authorize": _ALL + _JINJA,
    "token_status": _ALL,
    "key_set": _DYNAMO + _POWERTOOLS,
    "discovery": _DYNAMO + _POWERTOOLS,
    "management": _DYNAMO + _KMS + _POWERTOOLS + _ROUTER,
    "key_rotation": _DYNAMO + _KMS + _POWERTOOLS,
}
#: What a function's file does. On Lambda, it is wired by that.
_INIT: Final = """
from authmint.runtime.entrypoint import entrypoint
from authmint.runtime.wiring import {0}
entrypoint({0})
"""
_MEASURED: Final = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
status = open("/proc/self/status").read()  # ru_maxrss would be the parent's, from before this program began
print(used.ru_utime + used.ru_stime, status.partition("VmHWM:")[2].split()[0])
"""


def measure() -> None:
    """CPU of INIT against the stock imports, and peak memory after it."""
    for name, stock_imports in STOCK.items():
        (bare, _), (stock, _), (spent, memory) = _processes("pass", stock_imports, _INIT.format(name))
        what = f"init: {name}, {memory:.0f} MB resident"
        if name == "token":
            bar(what, spent - bare, "ms", base=stock - bare, most=0.85)
        else:
            line(what, spent - bare, "ms", ratio=(spent - bare) / (stock - bare))
    _layer()


def _processes(*codes: str) -> list[tuple[float, float]]:
    """Of each: CPU milliseconds of a process, the best of several, and its peak resident memory in MB.

    In turns, so that a machine that gets slower or faster meanwhile does so for all of them.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment: Mapping[str, str] = inherited | {
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AUTHMINT_CONFIG_TABLE": "c",
        "AUTHMINT_GRANTS_TABLE": "g",
        "AUTHMINT_EVENTS_TABLE": "e",
        "AUTHMINT_KMS_KEY_ID": "k",
    }
    found: list[list[tuple[float, float]]] = [[] for _ in codes]
    for _ in range(9):
        for code, measured in zip(codes, found, strict=True):
            command = [sys.executable, "-c", f"{code}\n{_MEASURED}"]
            out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            seconds, kilobytes = out.stdout.split()[-2:]
            measured.append((float(seconds) * 1_000, float(kilobytes) / 1_024))
    return [min(measured) for measured in found]


def _layer() -> None:
    """Built as for Lambda, where the runtime's Python is at hand for its bytecode."""
    installed = sorted(map(str, Path.home().glob(".pyenv/versions/3.13*/bin/python3")))
    python = installed[0] if installed else shutil.which("python3.13")
    if python is None:
        print("layer: not measured, there is no Python 3.13 here")
        return
    built = subprocess.run(
        ["make", "--silent", "layer", f"PYTHON={python}"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if built.returncode:
        print(f"layer: not measured, it could not be built: {built.stderr.strip()[-200:]}")
        return
    size = sum(path.stat().st_size for path in (CHECKOUT / ".build" / "layer").rglob("*") if path.is_file())
    bar("layer for arm64, unzipped, with bytecode", size / 1024**2, "MB", base=1, most=48)
