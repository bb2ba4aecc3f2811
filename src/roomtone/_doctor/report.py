"""What the doctor found, as values: findings, checks, and the report they make. Pure; knows nothing of the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import field, frozen

__all__ = ["Check", "Finding", "Report", "Status", "failed", "ok", "skipped", "warning"]

Status: TypeAlias = Literal["ok", "warning", "failed", "skipped"]

_ACRONYMS = frozenset({"dns", "tcp", "tls"})


@frozen(kw_only=True)
class Finding:
    """What one check found.

    Args:
        status: How it went.
        told: What was found, in words.
        mend: How to mend it; every finding that failed or warns says so.
        facts: The same for programs: names and JSON values, never a secret.
    """

    status: Status
    told: str
    mend: str | None = None
    facts: Mapping[str, object] = field(factory=dict)


def ok(told: str, **facts: object) -> Finding:
    return Finding(status="ok", told=told, facts=facts)


def warning(told: str, mend: str, **facts: object) -> Finding:
    return Finding(status="warning", told=told, mend=mend, facts=facts)


def failed(told: str, mend: str, **facts: object) -> Finding:
    return Finding(status="failed", told=told, mend=mend, facts=facts)


def skipped(told: str, **facts: object) -> Finding:
    return Finding(status="skipped", told=told, facts=facts)


@frozen(kw_only=True)
class Check:
    """One check that was made, or that was skipped.

    Args:
        section: What it is about: `machine`, `aws`, or a service by its boto3 name.
        title: The section, as people read it.
        name: The check's name in its section: `dns`.
        finding: What it found.
        needs: The check that stands in its way, as `section.name`; None where none does.
    """

    section: str
    title: str
    name: str
    finding: Finding
    needs: str | None = None

    @property
    def label(self) -> str:
        return self.name.upper() if self.name in _ACRONYMS else self.name

    @property
    def stops(self) -> bool:
        """Whether what builds on it cannot be checked."""
        return self.finding.status == "failed" or self.needs is not None

    def as_json(self) -> dict[str, object]:
        return {
            "section": self.section,
            "name": self.name,
            "status": self.finding.status,
            "told": self.finding.told,
            "mend": self.finding.mend,
            "needs": self.needs,
            "facts": dict(self.finding.facts),
        }


@frozen(kw_only=True)
class Report:
    """All checks in the order in which they are read."""

    version: str
    offline: bool
    checks: tuple[Check, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        found = Counter(check.finding.status for check in self.checks)
        statuses: tuple[Status, ...] = ("ok", "warning", "failed", "skipped")
        return {status: found[status] for status in statuses}

    @property
    def status(self) -> Status:
        """The worst that was found."""
        counts = self.counts
        return "failed" if counts["failed"] else "warning" if counts["warning"] else "ok"

    def as_json(self) -> dict[str, object]:
        return {
            "roomtone": self.version,
            "status": self.status,
            "offline": self.offline,
            "counts": dict(self.counts),
            "checks": [check.as_json() for check in self.checks],
        }
