"""`receiver`: a webhook's other end; retries do not wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from support.receiver import SECRET, Receiver, receiving


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    with receiving() as found, stamina.set_testing(True, attempts=10, cap=True):
        yield found
