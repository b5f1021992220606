"""Node.js and the packages of ``tests/clients``, for tests that need both."""

import shutil
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[1] / "clients"
MODULES = CLIENTS / "node_modules"
NODE = shutil.which("node")
needs_packages = pytest.mark.skipif(
    NODE is None or not MODULES.exists(), reason="needs Node.js, and `npm ci` in tests/clients"
)
