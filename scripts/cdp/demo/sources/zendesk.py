"""Zendesk: users, their tickets with comments, and how the tickets' fields changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.cards import Cards, Habits, make_cards
from cdp.demo.columns import DAY, YEAR_START, choose, pick, text
from cdp.demo.sink import Sink, where_known
from cdp.demo.sources.listening import AGENTS, SUBJECTS, responses
from cdp.demo.world import NOW, Chunk, World

__all__ = ["write_agents", "write_zendesk"]

Array = NDArray[Any]

SUPPORT = Habits(email=0.88, second_email=0.3, phone=0.35, stale=0.3, mess=0.9)
FIRST_AGENT = 900_000_001
CATERING = 77_000_001  # the organization of who buys for a company
HOUR = DAY // 24
# The steps of a ticket, and when each is, in multiples of the time to the first answer.
STEPS = ("new", "open", "pending", "solved", "open", "solved", "closed")
PACE = (0, 1, 3, 8, 11, 16, 60)
SOLVED = STEPS.index("solved")
PRIORITIES = ("low", "normal", "high", "urgent")
CHANNELS = ("web", "email", "chat", "api")
REOPENED, RATED, CONTENT = 0.12, 0.4, 0.78


def write_agents(world: World, sink: Sink) -> None:
    """The support staff, who are users of Zendesk as well."""
    rng, index = world.rng("agents"), np.arange(AGENTS)
    first = rng.choice(world.pools.first["en_US", "m"][0], AGENTS)
    sink.write(
        "zendesk.user",
        {
            "id": FIRST_AGENT + index,
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
    _write_tickets(sink, tickets)
    _write_comments(sink, tickets)
    _write_history(sink, tickets)
    _write_ratings(chunk, sink, tickets, rng)


class _Tickets:
    """One entry a ticket: how far it went along STEPS, and when each step was.

    Who subscribes asks more often, and lately; half of the late tickets are still open.
    """

    def __init__(self, chunk: Chunk, cards: Cards, users: Array, rng: np.random.Generator) -> None:
        subscribes = chunk.people.uses["stripe"][cards.person]
        asks = rng.random(len(cards)) < np.where(subscribes, 0.9, 0.4)
        row = np.repeat(np.arange(len(cards)), rng.poisson(1.1, len(cards)) + asks)
        size = len(row)
        is_recent = rng.random(size) < np.where(subscribes[row], 0.45, 0.2)
        days_ago = np.where(is_recent, rng.uniform(0.1, 9, size), rng.uniform(9, 200, size))
        self.id = chunk.serials(size, 5_000_000_000)
        self.user, self.email = users[row], cards.email[row]
        self.is_business = chunk.people.company[cards.person[row]] >= 0
        self.created = NOW - (days_ago * 86_400e6).astype("timedelta64[us]")
        self.times = self._times(rng)
        self.happened = self._happened(is_recent, rng)
        self.last = len(STEPS) - 1 - np.argmax(self.happened[:, ::-1], axis=1)
        self.agent = FIRST_AGENT + rng.integers(0, AGENTS, size)
        self.subject = pick(SUBJECTS, rng.integers(0, len(SUBJECTS), size))
        self.priority = rng.choice(PRIORITIES, size, p=[0.2, 0.5, 0.2, 0.1]).astype(object)
        self.channel = pick(CHANNELS, rng.integers(0, len(CHANNELS), size))
        self.is_rated = self.happened[:, SOLVED] & (rng.random(size) < RATED)
        self.is_content = rng.random(size) < CONTENT
        self.rated_at = np.minimum(self.times[:, SOLVED] + HOUR, NOW)

    def __len__(self) -> int:
        return len(self.id)

    def _times(self, rng: np.random.Generator) -> Array:
        answer = (rng.lognormal(1.6, 1.0, len(self)) * 3600e6).astype("timedelta64[us]")
        times: Array = self.created[:, None] + answer[:, None] * np.array(PACE)[None, :]
        return times

    def _happened(self, is_recent: Array, rng: np.random.Generator) -> Array:
        """Which steps were taken by now."""
        taken = np.ones((len(self), len(STEPS)), dtype=bool)
        taken[:, SOLVED + 1 : SOLVED + 3] = (rng.random(len(self)) < REOPENED)[:, None]
        is_stuck = is_recent & (rng.random(len(self)) < 0.5)
        taken[:, 2:] &= ~is_stuck[:, None]
        happened: Array = taken & (self.times < NOW)
        return happened


def _write_tickets(sink: Sink, tickets: _Tickets) -> None:
    every = np.arange(len(tickets))
    sink.write(
        "zendesk.ticket",
        {
            "id": tickets.id,
            "requester_id": tickets.user,
            "submitter_id": tickets.user,
            "assignee_id": tickets.agent,
            "organization_id": where_known(np.full(len(every), CATERING), tickets.is_business),
            "subject": tickets.subject,
            "description": tickets.subject + ": please help.",
            "status": pick(STEPS, tickets.last),
            "priority": tickets.priority,
            "type": choose(tickets.subject == "Refund", "task", "incident"),
            "via_channel": tickets.channel,
            "created_at": tickets.created,
            "updated_at": tickets.times[every, tickets.last],
            "is_public": True,
            "_fivetran_synced": NOW,
        },
    )


def _write_comments(sink: Sink, tickets: _Tickets) -> None:
    """The customer's words, and the agent's first answer."""
    answered = np.flatnonzero(tickets.happened[:, 1])
    for nth, ticket, author, body, time in (
        (1, np.arange(len(tickets)), tickets.user, tickets.subject + ": please help.", 0),
        (2, answered, tickets.agent, pick(("We are looking into it.",), tickets.id), 1),
    ):
        sink.write(
            "zendesk.ticket_comment",
            {
                "id": tickets.id[ticket] * 10 + nth,
                "ticket_id": tickets.id[ticket],
                "user_id": author[ticket],
                "body": body[ticket],
                "created": tickets.times[ticket, time],
                "public": True,
                "_fivetran_synced": NOW,
            },
        )


def _write_history(sink: Sink, tickets: _Tickets) -> None:
    """Each status that a ticket had, its priority, and how content its customer was."""
    ticket, step = np.nonzero(tickets.happened)
    rated, every = np.flatnonzero(tickets.is_rated), np.arange(len(tickets))
    scores = choose(tickets.is_content[rated], "good", "bad")
    for field, row, value, updated in (
        ("status", ticket, pick(STEPS, step), tickets.times[ticket, step]),
        ("priority", every, tickets.priority, tickets.created),
        ("satisfaction_score", rated, scores, tickets.rated_at[rated]),
    ):
        sink.write(
            "zendesk.ticket_field_history",
            {
                "ticket_id": tickets.id[row],
                "field_name": field,
                "value": value,
                "updated": updated,
                "user_id": tickets.agent[row],
                "_fivetran_synced": NOW,
            },
        )


def _write_ratings(chunk: Chunk, sink: Sink, tickets: _Tickets, rng: np.random.Generator) -> None:
    """The same judgement, asked for by a survey of its own."""
    rated = np.flatnonzero(tickets.is_rated)
    size = len(rated)
    score = np.where(tickets.is_content[rated], rng.integers(4, 6, size), rng.integers(1, 4, size))
    columns = responses("csat", chunk.serials(size), score, tickets.rated_at[rated])
    columns |= {"email": tickets.email[rated], "ticket_id": tickets.id[rated].astype(str)}
    sink.write("survey.responses", columns)
