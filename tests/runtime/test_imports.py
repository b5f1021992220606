"""What each function loads, counted in a fresh interpreter: every third-party package costs a cold start."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.functions.deployment import WIRES

CHECKOUT = Path(__file__).parents[2]
#: botocore and what it brings; pynamodb; msgspec for records.
STORAGE = {
    "botocore", "certifi", "dateutil", "jmespath", "msgspec", "pynamodb", "six", "typing_extensions", "urllib3",
}  # fmt: skip
#: pynamodb takes this one where there is one. The layer has none.
NOT_IN_THE_LAYER = {"blinker"}
#: ``cryptography`` and Powertools load when a function first signs or first logs what is rare, not here.
#: Nobody waits for the cold start of functions that administer.
ADMINISTRATION = STORAGE | {"boto3", "s3transfer"}
ALLOWED = dict.fromkeys(WIRES, STORAGE) | {
    "authorize": STORAGE | {"jinja2", "markupsafe"},
    "console": {"aws_lambda_powertools", "jmespath", "msgspec", "typing_extensions"},
    "management": ADMINISTRATION,
    "key_rotation": ADMINISTRATION,
}


def third_party_after(statement: str) -> set[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{CHECKOUT / 'layers/core/python'}:{CHECKOUT}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AUTHMINT_CONFIG_TABLE": "c",
        "AUTHMINT_GRANTS_TABLE": "g",
        "AUTHMINT_EVENTS_TABLE": "e",
        "AUTHMINT_KMS_KEY_ID": "k",
    }
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    names = {name.partition(".")[0] for name in out.stdout.split()}
    return names - sys.stdlib_module_names - NOT_IN_THE_LAYER - {"__main__", "__mp_main__", "authmint", "handler"}


@pytest.mark.parametrize("function", WIRES)
def test_a_function_loads_what_it_may_and_nothing_else(function: str) -> None:
    wire = WIRES[function].__name__

    loaded = third_party_after(f"import os; from authmint.runtime import wiring; wiring.{wire}(os.environ)")

    assert loaded <= ALLOWED[function], loaded - ALLOWED[function]


def test_importing_a_handler_does_nothing_and_loads_no_third_party_code() -> None:
    for directory in sorted(CHECKOUT.glob("functions/*")):
        loaded = third_party_after(f"sys.path.insert(0, {str(directory)!r}); import handler")

        assert loaded == set(), directory.name


@pytest.mark.parametrize(
    ("calls", "verifies"),
    [("access_token()", False), ("state('a.b.c')", False), ("state(engine.access_token())", True)],
)
def test_who_verifies_no_signature_does_not_load_the_library_for_it(calls: str, verifies: bool) -> None:
    loaded = third_party_after(f"from tests.oauth.engine import Engine; engine = Engine(); engine.{calls}")

    assert ("jwt" in loaded) is verifies


def test_what_is_left_out_is_not_in_the_layer() -> None:
    locked = (CHECKOUT / "layers/core/requirements.txt").read_text()

    assert not [name for name in NOT_IN_THE_LAYER if f"\n{name}==" in f"\n{locked}"]
