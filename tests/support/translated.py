"""``template.yaml`` as CloudFormation gets it: what SAM makes of it, with the values of one stage and region."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from authmint.local.deployment import deployment
from authmint.local.template import Resolver, load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

#: The bucket where the code would lie: SAM's translation wants an address.
BUCKET = "code"


@cache
def translated(stage: str, path: Path | None = None) -> Mapping[str, Any]:
    """The whole document of a stage; intrinsic functions are still there. Not to be changed."""
    document = deepcopy(dict(load(path or deployment().template)))
    for resource in document["Resources"].values():
        for member in ("CodeUri", "ContentUri"):
            if member in resource.get("Properties", {}):
                resource["Properties"][member] = f"s3://{BUCKET}/{resource['Properties'][member]}.zip"
    session = boto3.Session(region_name="eu-west-1")
    found: Mapping[str, Any] = Translator({}, Parser(), boto_session=session).translate(document, {"Stage": stage})
    return found


def resources(
    document: Mapping[str, Any], parameters: Mapping[str, str], region: str = "eu-west-1"
) -> dict[str, dict[str, Any]]:
    """The resources that are made, by logical id: type and properties without intrinsic functions."""
    resolver = Resolver(document, parameters, {}, region)
    return {
        name: {"Type": resource["Type"], "Properties": resolver.value(resource.get("Properties", {}))}
        for name, resource in document["Resources"].items()
        if "Condition" not in resource or resolver.holds(resource["Condition"])
    }
