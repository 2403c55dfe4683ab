"""Keeps since when something is wrong, and says it once when it begins and once when it ends."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from diagnosis import Finding
from domain.problem import Problem, ProblemCode, Severity

_LOG_LEVEL = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.ERROR: "error"}
_log = structlog.get_logger("smartload.problems")


class ProblemBoard:
    """What is wrong at the moment; belongs to the cycle's thread."""

    def __init__(self) -> None:
        self._problems: dict[ProblemCode, Problem] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong, in the order of the last findings."""
        return tuple(self._problems.values())

    def update(self, findings: Iterable[Finding], now: datetime) -> tuple[Problem, ...]:
        """Take over what was found; return it with the time each began."""
        problems: dict[ProblemCode, Problem] = {}
        for finding in findings:
            before = self._problems.get(finding.code)
            problems.setdefault(
                finding.code,
                Problem(
                    code=finding.code,
                    severity=finding.severity,
                    since=now if before is None else before.since,
                    detail=finding.detail,
                    facts=finding.facts,
                ),
            )
        for code, problem in problems.items():
            if code not in self._problems:
                begin = getattr(_log, _LOG_LEVEL[problem.severity])
                begin("problem_began", code=code.value, detail=problem.detail)
        for code, problem in self._problems.items():
            if code not in problems:
                lasted_min = round((now - problem.since).total_seconds() / 60)
                _log.info("problem_ended", code=code.value, lasted_min=lasted_min)
        self._problems = problems
        return self.problems
