"""What customers say when asked, and when they call: surveys (NPS, CSAT), the call centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import soil_emails
from cdp.demo.columns import DAY, choose, has, pick, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink
from cdp.demo.world import NOW, Chunk

__all__ = ["AGENTS", "SUBJECTS", "responses", "write_calls", "write_surveys"]

Array = NDArray[Any]

AGENTS = 5
SUBJECTS = (
    "Late delivery",
    "Wrong item",
    "Refund",
    "Account",
    "Coupon did not work",
    "Subscription",
)
COMMENTS = np.array(["Not good", "It is fine", "Very happy"], dtype=object)
TOP_SCORE = {"nps": 10, "csat": 5}
HOUR = DAY // 24


def responses(instrument: str, serial: Array, score: Array, at: Array) -> dict[str, Any]:
    """Columns of survey.responses, but for who answered."""
    top = TOP_SCORE[instrument]
    return {
        "response_id": text(f"{instrument}-", serial),
        "survey_id": f"{instrument}-2017",
        "instrument": instrument,
        "email": None,
        "user_id": None,
        "ticket_id": None,
        "score": score.astype(float),
        "max_score": float(top),
        "comment": COMMENTS[np.digitize(score / top, [0.5, 0.85])],
        "submitted_at": at,
    }


def write_surveys(chunk: Chunk, sink: Sink) -> None:
    """NPS answers, by email or from inside the account."""
    people, rng = chunk.people, chunk.rng("survey")
    who = np.flatnonzero(people.uses["survey"])
    size = len(who)
    score = np.clip(np.round(rng.normal(7.6, 2.2, size)), 0, 10).astype(int)
    in_account = has(people.user_id[who]) & (rng.random(size) < 0.4)
    email = soil_emails(people.email[who], rng, 0.5)
    at = chunk.uniform_times(size, rng, NOW - 120 * DAY, NOW - HOUR)
    columns = responses("nps", chunk.serials(size), score, at)
    columns |= {
        "email": choose(in_account, None, email),
        "user_id": choose(in_account, people.user_id[who]),
    }
    sink.write("survey.responses", columns)


def write_calls(chunk: Chunk, sink: Sink) -> None:
    """Calls with the number shown, the name as heard, and a card number when asked for."""
    people, rng = chunk.people, chunk.rng("callcenter")
    callers = np.flatnonzero(people.uses["callcenter"])
    owner, _ = explode(np.zeros(len(callers), dtype=int), 1 + rng.poisson(0.7, len(callers)))
    who = callers[owner]
    size = len(who)
    draws = rng.random((3, size))
    phone = choose(draws[0] < 0.2, people.phone2[who], people.phone[who])
    phone = choose(~has(phone), people.phone[who], phone)
    started = chunk.uniform_times(size, rng, stop=NOW - HOUR)
    heard = dirt.typos(people.first[who] + " " + people.last[who], rng, 5)
    sink.write(
        "callcenter.calls",
        {
            "call_id": text("call-", chunk.serials(size)),
            "caller_phone": dirt.junk_phones(dirt.phone_formats(phone, rng), rng),
            "caller_name": dirt.cases(dirt.missing(heard, rng, 0.15), rng),
            "loyalty_id": choose(draws[1] < 0.35, people.loyalty_id[who]),
            "agent": text("agent", who % AGENTS),
            "direction": choose(draws[2] < 0.85, "inbound", "outbound"),
            "queue": choose(who % 3 == 0, "billing", "orders"),
            "reason": pick(SUBJECTS, who),
            "disposition": choose(draws[2] < 0.8, "resolved", "call back"),
            "started_at": started,
            "ended_at": started + rng.integers(60, 1500, size).astype("timedelta64[s]"),
            "notes": None,
        },
    )
