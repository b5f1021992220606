"""Where the deployed things are: in a checkout, or inside the installed package."""

import sys
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Deployment:
    """Paths of the template, the functions, and the packages that they import."""

    template: Path
    functions: Path
    backend_requirements: Path
    checkout: Path | None

    @property
    def import_path(self) -> str:
        """What stands in for the layer: the directory that holds the package ``authmint``."""
        return str(_PACKAGE.parent.parent)


def deployment() -> Deployment:
    """The checkout that this package is part of, else what the wheel brought along."""
    checkout = _PACKAGE.parents[4] if len(_PACKAGE.parents) > 4 else None
    if checkout is not None and (checkout / "template.yaml").is_file() and (checkout / "functions").is_dir():
        return Deployment(
            checkout / "template.yaml", checkout / "functions", checkout / "requirements" / "backend.txt", checkout
        )
    packaged = _PACKAGE / "deployment"
    if not (packaged / "template.yaml").is_file():
        sys.exit("authmint: the installed package has no template.yaml; install it from a wheel or use a checkout")
    return Deployment(packaged / "template.yaml", packaged / "functions", packaged / "backend.txt", None)
