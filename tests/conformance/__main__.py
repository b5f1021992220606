"""Run plans of the OpenID Foundation's conformance suite against a deployment."""

import argparse
import os
import sys
from collections import Counter
from contextlib import ExitStack
from functools import partial

import urllib3

from tests.conformance.approvals import decide
from tests.conformance.deployment import Deployment
from tests.conformance.plans import KINDS, REGISTERED, Setting
from tests.conformance.resource import serving
from tests.conformance.suite import Outcome, Suite

_PATIENCE = 420.0
_GOOD = frozenset({"PASSED", "SKIPPED", "REVIEW", "WARNING"})


def main() -> int:
    """Run the named plans one after the other; 1 where a module failed."""
    options = _options()
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    suite = Suite(options.suite, os.environ.get("CONFORMANCE_TOKEN", ""))
    deployment = Deployment(options.url.rstrip("/"), os.environ["AUTHMINT_API_TOKEN"])
    setting = Setting(suite.url, deployment, options.alias, options.api)
    good = True
    for name in options.plans or KINDS:
        kind = KINDS[name]
        configuration = kind.configuration(setting, kind.variant)
        plan = suite.plan(kind.name, kind.variant, configuration)
        print(f"{kind.name}: {suite.url}/plan-detail.html?plan={plan.id}", flush=True)
        chosen = [each for each in plan.modules if not options.module or each.name in options.module]
        outcomes, issuer = [], configuration["description"]
        meanwhile = {"oidcc-server-rotate-keys": partial(deployment.rotate, issuer)}
        with ExitStack() as around:
            decides = partial(decide, deployment.url)
            around.enter_context(serving(issuer, options.api, options.tls_cert, options.tls_key, decides))
            if kind.variant == REGISTERED:
                around.enter_context(deployment.assigning())
            for module in chosen:
                outcomes.append(suite.run(plan, module, options.patience, meanwhile.get(module.name)))
                _tell(outcomes[-1], suite)
                if kind.asks:  # what modules leave waiting takes the place of what comes next
                    decides("deny")
        counted = Counter(each.result for each in outcomes)
        print(f"{name}: " + ", ".join(f"{count} {result.lower()}" for result, count in counted.items()), flush=True)
        good = good and set(counted) <= _GOOD
    return 0 if good else 1


def _tell(outcome: Outcome, suite: Suite) -> None:
    print(f"  {outcome.result:8} {outcome.module.name} {suite.url}/log-detail.html?log={outcome.test}")
    for complaint in outcome.complaints:
        print(f"           {complaint}")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "plans", nargs="*", choices=[*KINDS, []], metavar="PLAN", help=f"of {', '.join(KINDS)}; default: all"
    )
    parser.add_argument("--suite", required=True, help="where the suite answers, as its fintechlabs.base_url says")
    parser.add_argument("--url", required=True, help="where authmint answers; the token is AUTHMINT_API_TOKEN")
    parser.add_argument("--alias", default="authmint", help="the suite's name for this run; part of its redirect URIs")
    parser.add_argument("--api", default="localhost:8090", help="where this command serves an API that the suite calls")
    parser.add_argument("--tls-cert", required=True, help="certificate of that API (PEM)")
    parser.add_argument("--tls-key", required=True, help="its key (PEM)")
    parser.add_argument("--module", action="append", help="run only this module; may be repeated")
    parser.add_argument("--patience", type=float, default=_PATIENCE, help="seconds that a module may take")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
