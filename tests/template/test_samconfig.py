"""``samconfig.toml``: ``sam build && sam deploy`` asks nothing, for a stage and for a second one."""

import tomllib

from authmint.local.template import load

from tests.support.repository import CHECKOUT

ENVIRONMENTS = {
    name: commands["deploy"]["parameters"]
    for name, commands in tomllib.loads((CHECKOUT / "samconfig.toml").read_text()).items()
    if isinstance(commands, dict)
}
EDGE = ENVIRONMENTS["edge"]
STAGES = {name: answers for name, answers in ENVIRONMENTS.items() if answers is not EDGE}


def given(overrides: str) -> dict[str, str]:
    """Parameters as the command line takes them."""
    return dict(pair.split("=", 1) for pair in overrides.split())


def test_nothing_is_left_to_ask() -> None:
    for answers in ENVIRONMENTS.values():
        assert answers["resolve_s3"] is True
        assert answers["confirm_changeset"] is False
        assert "guided" not in answers
    assert {answers["capabilities"] for answers in STAGES.values()} == {"CAPABILITY_NAMED_IAM"}


def test_every_stage_is_a_stack_of_its_own() -> None:
    names = {environment: given(answers["parameter_overrides"])["Stage"] for environment, answers in STAGES.items()}

    assert names == {"default": "prod", "dev": "dev"}
    for environment, stage in names.items():
        assert STAGES[environment]["stack_name"] == f"authmint-{stage}"


def test_only_parameters_that_there_are_get_a_value() -> None:
    there = load(CHECKOUT / "template.yaml")["Parameters"]

    for answers in STAGES.values():
        assert given(answers["parameter_overrides"]).keys() <= there.keys()


def test_the_edge_lies_where_cloudfront_looks_for_certificates() -> None:
    assert EDGE["region"] == "us-east-1"
    assert EDGE["template_file"] == "template-edge.yaml"
    assert EDGE["stack_name"] not in {answers["stack_name"] for answers in STAGES.values()}
