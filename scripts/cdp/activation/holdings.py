"""What the diff reads: what a destination holds, may hold, or has refused."""

# ruff: noqa: S608 - names are quoted, values are parameters or quoted literals

from __future__ import annotations

from cdp.activation.hashing import literal
from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["UNSURE", "Holdings"]

UNSURE = "('attempted', 'accepted_async', 'unknown')"


class Holdings:
    """The state and the open rows of the ledger in one warehouse, as SQL."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.schema = schema_name("cdp_state", warehouse.target)

    def table(self, name: str) -> str:
        """A table of the ledger, quoted for SQL."""
        return quoted(self.schema, name)

    def unsure_sql(self, sync: str, place: str) -> str:
        """One row per entity that was sent something without an answer since it was last
        confirmed: it may or may not have been applied."""
        return f"""
            select * from (
                select
                    entity_id, profile_id, match_key, destination_id, operation, row_hash,
                    batch_key,
                    row_number() over (
                        partition by entity_id
                        order by
                            run_number desc,
                            case operation when 'remove' then 1 else 0 end
                    ) as recency
                from {self.table("cdp_sync_ledger")}
                where is_open and sync = {literal(sync)} and place = {literal(place)}
                    and status in {UNSURE}
            ) as open_rows
            where recency = 1
        """

    def held_sql(self, sync: str, place: str, among: str) -> str:
        """One row per entity of the table `among` that the destination holds or may hold
        (not is_certain)."""
        chosen = f"entity_id in (select entity_id from {among})"
        return f"""
            select
                coalesce(state.entity_id, unsure.entity_id) as entity_id,
                coalesce(state.profile_id, unsure.profile_id) as profile_id,
                coalesce(state.match_key, unsure.match_key) as match_key,
                coalesce(state.destination_id, unsure.destination_id) as destination_id,
                state.row_hash,
                state.hash_version,
                state.field_hashes,
                unsure.entity_id is null as is_certain,
                unsure.operation as sent_operation,
                unsure.row_hash as sent_hash,
                unsure.batch_key
            from ({self.state_sql(sync, place)} and {chosen}) as state
            full join (select * from ({self.unsure_sql(sync, place)}) as open where {chosen})
                as unsure
                on state.entity_id = unsure.entity_id
        """

    def state_sql(self, sync: str, place: str) -> str:
        """One row per entity that the destination has confirmed to hold."""
        return (
            f"select * from {self.table('cdp_sync_state')} "
            f"where sync = {literal(sync)} and place = {literal(place)}"
        )

    def rejected_sql(self, sync: str, place: str) -> str:
        """One row per entity whose latest answer was a rejection that still stands."""
        return f"""
            select distinct on (entity_id) entity_id, operation, row_hash
            from {self.table("cdp_sync_ledger")}
            where is_open and sync = {literal(sync)} and place = {literal(place)}
                and status = 'rejected'
            order by entity_id, run_number desc
        """

    def held_count(self, sync: str, place: str) -> int:
        """How many entities the destination holds or may hold."""
        ((rows,),) = self.warehouse.query(
            f"""
            select
                (select count(*) from ({self.state_sql(sync, place)}) as state)
                + (
                    select count(*) from ({self.unsure_sql(sync, place)}) as unsure
                    left join ({self.state_sql(sync, place)}) as state
                        on unsure.entity_id = state.entity_id
                    where state.entity_id is null
                )
            """
        )
        return int(rows)
