import pytest

from tests.management.admin import Admin


@pytest.fixture
def admin() -> Admin:
    return Admin()
