"""The truth about identifiers that people carry from system to system.

Cookies and devices are told where they are made (web.py, mobile.py).
"""

from __future__ import annotations

import numpy as np

from cdp.demo.columns import has
from cdp.demo.sink import Sink
from cdp.demo.world import Chunk

__all__ = ["write_identifiers"]


def write_identifiers(chunk: Chunk, sink: Sink) -> None:
    """Whose each email, phone, account and card is; one row for each who shares it."""
    people = chunk.people
    carried = {
        "email": (people.email, people.email2, people.work_email),
        "phone": (people.phone, people.phone2, people.family_phone),
        "user_id": (people.user_id,),
        "loyalty_id": (people.loyalty_id,),
    }
    for kind, columns in carried.items():
        values = np.concatenate(columns)
        who = np.tile(np.arange(len(people)), len(columns))
        there = has(values)
        pairs = sorted(set(zip(values[there], who[there].tolist(), strict=True)))
        value, owner = (np.array(column, dtype=object) for column in zip(*pairs, strict=True))
        _, inverse, holders = np.unique(value.astype(str), return_inverse=True, return_counts=True)
        owner = people.person_id[owner.astype(int)]
        sink.identifiers(kind, value, owner, holders[inverse] > 1)
