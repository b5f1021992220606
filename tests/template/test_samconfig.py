"""``samconfig.toml``: ``sam build && sam deploy`` asks nothing, for a stage and for a second one."""

import tomllib

from authmint.local.template import load

from tests.support.repository import CHECKOUT

STAGES = {
    stage: commands["deploy"]["parameters"]
    for stage, commands in tomllib.loads((CHECKOUT / "samconfig.toml").read_text()).items()
    if isinstance(commands, dict)
}


def given(overrides: str) -> dict[str, str]:
    """Parameters as the command line takes them."""
    return dict(pair.split("=", 1) for pair in overrides.split())


def test_nothing_is_left_to_ask() -> None:
    for answers in STAGES.values():
        assert answers["resolve_s3"] is True
        assert answers["confirm_changeset"] is False
        assert answers["capabilities"] == "CAPABILITY_NAMED_IAM"
        assert "guided" not in answers


def test_every_stage_is_a_stack_of_its_own() -> None:
    names = {environment: given(answers["parameter_overrides"])["Stage"] for environment, answers in STAGES.items()}

    assert names == {"default": "prod", "dev": "dev"}
    for environment, stage in names.items():
        assert STAGES[environment]["stack_name"] == f"authmint-{stage}"


def test_only_parameters_that_there_are_get_a_value() -> None:
    there = load(CHECKOUT / "template.yaml")["Parameters"]

    for answers in STAGES.values():
        assert given(answers["parameter_overrides"]).keys() <= there.keys()
