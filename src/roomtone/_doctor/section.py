"""How checks are run: one after the other within a section, each in its time, none stopped by another's failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from attrs import define, field

from roomtone._doctor.report import Check, Finding, failed, skipped
from roomtone._http.failures import reason
from roomtone.errors import ApiError, RoomtoneError

__all__ = ["Section"]


@define(eq=False)
class Section:
    """The checks of one subject.

    Args:
        name: `machine`, `aws`, or a service by its boto3 name.
        title: The same as people read it.
        limit: The most seconds that one check may take.
    """

    name: str
    title: str
    limit: float
    checks: list[Check] = field(factory=list, init=False)

    async def check(
        self, name: str, find: Callable[[], Awaitable[Finding]], *, mend: str, needs: tuple[Check, ...] = ()
    ) -> Check:
        """Makes one check, whatever comes of it.

        Args:
            name: Its name.
            find: What it does. An error of the library that it raises is a failure like one that it returns.
            mend: How to mend a failure that `find` raises, and what to do when it does not end in its time.
            needs: The checks that it builds on; it is skipped when one of them stops it.
        """
        obstacle = next((check for check in needs if check.stops), None)
        return self.block(name, obstacle) if obstacle else self._keep(name, await self._found(find, mend))

    def block(self, name: str, obstacle: Check) -> Check:
        """Notes a check that cannot be made because of another one."""
        where = "" if obstacle.section == self.name else f"{obstacle.title} "
        finding = skipped(f"needs {where}{obstacle.label} to be well first")
        return self._keep(name, finding, needs=f"{obstacle.section}.{obstacle.name}")

    def skip(self, name: str, told: str) -> Check:
        """Notes a check that is not made, and stops nothing."""
        return self._keep(name, skipped(told))

    async def _found(self, find: Callable[[], Awaitable[Finding]], mend: str) -> Finding:
        try:
            with anyio.move_on_after(self.limit):
                return await find()
        except RoomtoneError as error:
            return failed(f"{error.code} (HTTP {error.status})" if isinstance(error, ApiError) else error.message, mend)
        except OSError as error:
            return failed(reason(error), mend)
        except Exception as error:
            # Whatever it is, the other checks are made. Its text is not shown: nobody knows what is in it.
            return failed(f"the check itself broke with {type(error).__name__}", "report it as a bug of roomtone")
        return failed(f"not done within {self.limit:g} s", f"{mend}; or allow more time with --timeout")

    def _keep(self, name: str, finding: Finding, *, needs: str | None = None) -> Check:
        check = Check(section=self.name, title=self.title, name=name, finding=finding, needs=needs)
        self.checks.append(check)
        return check
