"""What several tests of the emulator are given: public keys, P-384 in PEM form, and a call that must be refused."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from roomtone.errors import ApiError

KEY = """-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAELnsRexBu9jJoTsYi7rgIqlb8DG7Voj8Y
fsiqzRVD9OxIiDLMOOX8nuTTvCZXCEkPF8LcNKtKcK+rqsT9omH/RR5TpWhs01Mj
BjtXc2u7nHHTcD2aT3MOfPaWFNHLxIok
-----END PUBLIC KEY-----
"""

FINGERPRINT = "b4:7b:22:94:f3:d4:66:0a:26:1a:f8:ef:0f:5a:9a:af"
"""What OpenSSL says of it: `openssl ec -pubin -outform DER | openssl md5 -c`"""

OTHER_KEY = """-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEvI46OH7A0fzQiQ7itoEbAxdPHbEuDzNC
K4oR502qEgTHPzTY76LZmNdy1pYkxTuLbm9fulhqq2sg+A9WUl/WwBMUVha8dpDt
dBnBZw2+QkBmyj9KieUig+qsbqaw0FjU
-----END PUBLIC KEY-----
"""


async def refused(call: Awaitable[Any], error: type[ApiError], match: str | None = None) -> None:
    """Awaits a call that is answered with an error, which says why."""
    with pytest.raises(error, match=match) as caught:
        await call
    assert caught.value.message
