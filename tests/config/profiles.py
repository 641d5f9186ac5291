"""Documents that tests of security profiles share."""

import json
from pathlib import Path
from typing import Any

from devicewarden.config.profile import ParsedProfile, parse_profile

EXAMPLES = Path(__file__).parents[1] / "data" / "detect"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def static(metric: str = "aws:all-bytes-out", **criteria: Any) -> dict[str, Any]:
    """Make a behavior that is right as it is; a member of criteria that is None is left out."""
    whole = {
        "comparisonOperator": "less-than",
        "value": {"count": 5},
        "durationSeconds": 300,
    } | criteria
    kept = {name: value for name, value in whole.items() if value is not None}
    return {"name": "b", "metric": metric, "criteria": kept}


def judged(*behaviors: Any, aws: bool = False, **options: Any) -> ParsedProfile:
    return parse_profile(list(behaviors), name="p", aws=aws, **options)


def told(parsed: ParsedProfile) -> list[tuple[str, str]]:
    """Give severity and path of each problem."""
    return [(problem.severity, problem.path) for problem in parsed.problems]
