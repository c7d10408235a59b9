"""What the public tables tell of segments: how many, who came and went, whom they share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cdp.project import Project
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["STALE_DAYS", "Day", "Figures", "Flow", "Moves", "Overlap"]

STALE_DAYS = 30
_SHOWN_DAYS = 30
_AGO = f"(clock.now_at - interval '{STALE_DAYS}' day)"


@dataclass(frozen=True)
class Moves:
    """In now; entered and left in 30 days; the day of the last move; in before these days;
    days of them on which more left than may."""

    people: int = 0
    entered: int = 0
    exited: int = 0
    last_moved: date | None = None
    before: int = 0
    days_over: int = 0


@dataclass(frozen=True)
class Day:
    """A day on which any segment moved: how many were in at its end, came and went."""

    day: date
    size: int
    entered: int
    exited: int


@dataclass(frozen=True)
class Flow:
    """People who left one segment for another on the same day, in 30 days."""

    segment: str
    people: int


@dataclass(frozen=True)
class Overlap:
    """People who are in both now; share: of the segment asked for, 0 to 1."""

    segment: str
    people: int
    share: float


class Figures:
    """The statements, over the public tables of one target."""

    def __init__(self, project: Project, warehouse: Warehouse) -> None:
        schema = schema_name("cdp", project.target)
        self._tables = {
            name: quoted(schema, f"cdp_{name}")
            for name in ("clock", "segment_memberships", "segment_stats", "segment_flows",
                         "segment_overlaps")
        }  # fmt: skip
        self._warehouse = warehouse

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return self._warehouse.query(sql.format(**self._tables), values)

    def moves(self) -> dict[str, Moves]:
        """Segment -> how it moved, off the statistics: nobody's stays are read."""
        rows = self._rows(
            f"""
            with days as (
                select
                    stats.*,
                    day > cast({_AGO} as date) as is_recent,
                    row_number() over (partition by segment order by day desc) as age,
                    row_number() over (
                        partition by segment, day > cast({_AGO} as date) order by day desc
                    ) as age_in_part
                from {{segment_stats}} as stats
                cross join {{clock}} as clock
            )

            select
                segment,
                max(case when age = 1 then size end),
                sum(case when is_recent then entered else 0 end),
                sum(case when is_recent then exited else 0 end),
                max(case when entered + exited > 0 then day end),
                coalesce(max(case when not is_recent and age_in_part = 1 then size end), 0),
                count(case when is_recent and not is_within_turnover then 1 end)
            from days
            group by segment
            """  # noqa: S608 - ours
        )
        return {
            segment: Moves(people, int(entered), int(exited), last_moved, before, days_over)
            for segment, people, entered, exited, last_moved, before, days_over in rows
        }

    def sizes(self, segment: str) -> list[Day]:
        """The last days that saw a move, in order."""
        rows = self._rows(
            "select day, size, entered, exited from {segment_stats} where segment = ? "  # noqa: S608
            f"order by day desc limit {_SHOWN_DAYS}",
            segment,
        )
        return [Day(*row) for row in reversed(rows)]

    def flows(self, segment: str, this: str, other: str) -> list[Flow]:
        """The other ends of flows, the largest first."""
        rows = self._rows(
            f"select {other}, sum(people) from {{segment_flows}} as flows "  # noqa: S608
            f"cross join {{clock}} as clock where {this} = ? and flows.day > cast({_AGO} as date) "
            "group by 1 order by 2 desc, 1",
            segment,
        )
        return [Flow(name, int(people)) for name, people in rows]

    def overlaps(self, segment: str) -> list[Overlap]:
        """The other segments that its people are in, the most first."""
        rows = self._rows(
            "select other_segment, people, share_of_segment from {segment_overlaps} "
            "where segment = ? and other_segment <> segment order by 2 desc, 1",
            segment,
        )
        return [Overlap(*row) for row in rows]

    def stability(self, segment: str) -> float | None:
        """Of who was in 30 days ago, the share that stayed; none where nobody was in."""
        rows = self._rows(
            "select stability from {segment_stats} where segment = ? order by day desc limit 1",
            segment,
        )
        return rows[0][0] if rows else None

    def member_since(self, segment: str, profile_id: str) -> datetime | None:
        """When the stay that holds began."""
        rows = self._rows(
            "select entered_at from {segment_memberships} "
            "where segment = ? and profile_id = ? and is_current",
            segment, profile_id,
        )  # fmt: skip
        return rows[0][0] if rows else None
