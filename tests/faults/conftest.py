"""Plain respx, for faults that need no socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import respx


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """Nothing goes out, and what no route is for fails."""
    with respx.mock(assert_all_called=False) as router:
        yield router
