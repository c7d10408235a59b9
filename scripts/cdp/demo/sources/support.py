"""Support and listening: Zendesk, surveys (NPS, CSAT) and the call centre's log."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Cards, Habits, make_cards, soil_emails
from cdp.demo.columns import DAY, YEAR_START, choose, has, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink, where_known
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_agents", "write_calls", "write_surveys", "write_zendesk"]

Array = NDArray[Any]

SUPPORT = Habits(email=0.88, second_email=0.3, phone=0.35, stale=0.3, mess=0.9)
AGENTS = 5
CATERING = 77_000_001  # the organization of who buys for a company
SUBJECTS = (
    "Late delivery",
    "Wrong item",
    "Refund",
    "Account",
    "Coupon did not work",
    "Subscription",
)
HOUR = DAY // 24
STEPS = ("new", "open", "pending", "solved", "open", "solved", "closed")


def write_agents(world: World, sink: Sink) -> None:
    """The support staff, who are users of Zendesk as well."""
    rng, index = world.rng("agents"), np.arange(AGENTS)
    first = rng.choice(world.pools.first["en_US", "m"][0], AGENTS)
    sink.write(
        "zendesk.user",
        {
            "id": index + 900_000_001,
            "name": first,
            "email": text("agent", index, "@larkspur.example"),
            "phone": None,
            "external_id": None,
            "organization_id": where_known(index, index < 0),
            "role": "agent",
            **_account_columns(YEAR_START),
        },
    )
    sink.write(
        "zendesk.organization",
        {
            "id": np.array([CATERING]),
            "name": "Larkspur catering customers",
            "created_at": YEAR_START,
            "updated_at": YEAR_START,
            "_fivetran_synced": NOW,
        },
    )


def _account_columns(created: Any) -> dict[str, Any]:
    return {
        "active": True,
        "suspended": False,
        "verified": True,
        "locale": "en-US",
        "created_at": created,
        "updated_at": created,
        "_fivetran_synced": NOW,
    }


def write_zendesk(chunk: Chunk, sink: Sink) -> None:
    """Users, their tickets with comments, and how the tickets' fields changed."""
    people, rng = chunk.people, chunk.rng("zendesk")
    cards = make_cards(people, people.uses["zendesk"], SUPPORT, rng)
    who, size = cards.person, len(cards)
    ids = 30_000_000 + people.number[who] * 2 + cards.nth
    created = chunk.uniform_times(size, rng, YEAR_START, YEAR_START + 150 * DAY)
    sink.write(
        "zendesk.user",
        {
            "id": ids,
            "name": cards.name,
            "email": cards.email,
            "phone": cards.phone,
            "external_id": choose(rng.random(size) < 0.3, people.user_id[who]),
            "organization_id": where_known(np.full(size, CATERING), people.company[who] >= 0),
            "role": "end-user",
            **_account_columns(created),
        },
    )
    sink.people("zendesk", ids.astype(str), people.person_id[who])
    tickets = _Tickets(chunk, cards, ids, rng)
    tickets.write(sink)
    _write_csat(chunk, sink, tickets, rng)


class _Tickets:
    """One entry a ticket: how far it went along STEPS, and when each step was."""

    def __init__(self, chunk: Chunk, cards: Cards, users: Array, rng: np.random.Generator) -> None:
        subscribes = chunk.people.uses["stripe"][cards.person]
        count = rng.poisson(1.1, len(cards)) + (
            rng.random(len(cards)) < np.where(subscribes, 0.9, 0.4)
        )
        self.row = np.repeat(np.arange(len(cards)), count)
        size = len(self.row)
        self.person, self.user = cards.person[self.row], users[self.row]
        self.email = cards.email[self.row]
        self.id = chunk.serials(size, 5_000_000_000)
        is_recent = rng.random(size) < np.where(subscribes[self.row], 0.45, 0.2)
        days_ago = np.where(is_recent, rng.uniform(0.1, 9, size), rng.uniform(9, 200, size))
        self.created = NOW - (days_ago * 86_400e6).astype("timedelta64[us]")
        self.answer = (rng.lognormal(1.6, 1.0, size) * 3600e6).astype("timedelta64[us]")
        self.is_reopened = rng.random(size) < 0.12
        pace = self.answer[:, None] * np.array([0, 1, 3, 8, 11, 16, 60])[None, :]
        self.times = self.created[:, None] + pace
        keeps = np.ones((size, len(STEPS)), dtype=bool)
        keeps[:, 4:6] = self.is_reopened[:, None]
        stuck = is_recent & (rng.random(size) < 0.5)
        keeps[:, 2:] &= ~stuck[:, None]
        self.happened = keeps & (self.times < NOW)
        last = len(STEPS) - 1 - np.argmax(self.happened[:, ::-1], axis=1)
        self.status = np.array(STEPS, dtype=object)[last]
        self.updated = self.times[np.arange(size), last]
        self.agent = 900_000_001 + rng.integers(0, AGENTS, size)
        self.subject = np.array(SUBJECTS, dtype=object)[rng.integers(0, len(SUBJECTS), size)]
        self.priority = rng.choice(
            ["low", "normal", "high", "urgent"], size, p=[0.2, 0.5, 0.2, 0.1]
        ).astype(object)
        self.channel = rng.choice(["web", "email", "chat", "api"], size).astype(object)
        self.is_rated = self.happened[:, 3] & (rng.random(size) < 0.4)
        self.is_good = rng.random(size) < 0.78

    def write(self, sink: Sink) -> None:
        """Tickets, comments (the customer's, the agent's first answer), field history."""
        sink.write(
            "zendesk.ticket",
            {
                "id": self.id,
                "requester_id": self.user,
                "submitter_id": self.user,
                "assignee_id": self.agent,
                "subject": self.subject,
                "description": self.subject + ": please help.",
                "status": self.status,
                "priority": self.priority,
                "type": choose(self.subject == "Refund", "task", "incident"),
                "via_channel": self.channel,
                "created_at": self.created,
                "updated_at": self.updated,
                "is_public": True,
                "_fivetran_synced": NOW,
            },
        )
        answered = np.flatnonzero(self.happened[:, 1])
        ticket = np.r_[np.arange(len(self.id)), answered]
        is_first = np.arange(len(ticket)) < len(self.id)
        sink.write(
            "zendesk.ticket_comment",
            {
                "id": self.id[ticket] * 10 + np.where(is_first, 1, 2),
                "ticket_id": self.id[ticket],
                "user_id": np.where(is_first, self.user[ticket], self.agent[ticket]),
                "body": choose(
                    is_first, self.subject[ticket] + ": please help.", "We are looking into it."
                ),
                "created": np.where(is_first, self.created[ticket], self.times[ticket, 1]),
                "public": True,
                "_fivetran_synced": NOW,
            },
        )
        ticket, step = np.nonzero(self.happened)
        rated = np.flatnonzero(self.is_rated)
        field = np.repeat(
            np.array(["status", "priority", "satisfaction_score"], dtype=object),
            [len(ticket), len(self.id), len(rated)],
        )
        scores = choose(self.is_good[rated], "good", "bad")
        every = np.arange(len(self.id))
        sink.write(
            "zendesk.ticket_field_history",
            {
                "ticket_id": self.id[np.r_[ticket, every, rated]],
                "field_name": field,
                "value": np.r_[np.array(STEPS, dtype=object)[step], self.priority, scores],
                "updated": np.r_[
                    self.times[ticket, step],
                    self.created,
                    np.minimum(self.times[rated, 3] + HOUR, NOW),
                ],
                "user_id": self.agent[np.r_[ticket, every, rated]],
                "_fivetran_synced": NOW,
            },
        )


def _write_csat(chunk: Chunk, sink: Sink, tickets: _Tickets, rng: np.random.Generator) -> None:
    rated = np.flatnonzero(tickets.is_rated)
    size = len(rated)
    score = np.where(tickets.is_good[rated], rng.integers(4, 6, size), rng.integers(1, 4, size))
    sink.write(
        "survey.responses",
        _responses(
            text("csat-", chunk.serials(size)),
            "csat",
            tickets.email[rated],
            None,
            tickets.id[rated].astype(str),
            score,
            5,
            tickets.times[rated, 3] + HOUR,
        ),
    )


def _responses(
    ids: Array,
    instrument: str,
    email: Any,
    user: Any,
    ticket: Any,
    score: Array,
    top: int,
    at: Array,
) -> dict[str, Any]:
    praise = np.array(["Not good", "It is fine", "Very happy"], dtype=object)
    return {
        "response_id": ids,
        "survey_id": f"{instrument}-2017",
        "instrument": instrument,
        "email": email,
        "user_id": user,
        "ticket_id": ticket,
        "score": score.astype(float),
        "max_score": float(top),
        "comment": praise[np.digitize(score / top, [0.5, 0.85])],
        "submitted_at": np.minimum(at, NOW - HOUR),
    }


def write_surveys(chunk: Chunk, sink: Sink) -> None:
    """NPS answers, by email or from inside the account."""
    people, rng = chunk.people, chunk.rng("survey")
    who = np.flatnonzero(people.uses["survey"])
    size = len(who)
    score = np.clip(np.round(rng.normal(7.6, 2.2, size)), 0, 10).astype(int)
    in_account = has(people.user_id[who]) & (rng.random(size) < 0.4)
    email = soil_emails(people.email[who], rng, 0.5)
    at = chunk.uniform_times(size, rng, NOW - 120 * DAY)
    sink.write(
        "survey.responses",
        _responses(
            text("nps-", chunk.serials(size)),
            "nps",
            choose(in_account, None, email),
            choose(in_account, people.user_id[who]),
            None,
            score,
            10,
            at,
        ),
    )


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
            "reason": np.array(SUBJECTS, dtype=object)[who % len(SUBJECTS)],
            "disposition": choose(draws[2] < 0.8, "resolved", "call back"),
            "started_at": started,
            "ended_at": started + rng.integers(60, 1500, size).astype("timedelta64[s]"),
            "notes": None,
        },
    )
