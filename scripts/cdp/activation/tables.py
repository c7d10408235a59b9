"""The tables of cdp_state that runs of syncs write, as they are made: column → type.

models/syncs/_syncs.yml says what each column means. A table that an older version made
gets the columns that it lacks.
"""

from __future__ import annotations

__all__ = ["INDEXES", "TABLES"]

# Of Postgres; DuckDB finds its way by the order of the rows.
INDEXES = {
    "cdp_sync_runs": ["run_id"],
    "cdp_sync_ledger": ["run_id, position", "sync, place, entity_id"],
    "cdp_sync_state": ["sync, place, entity_id", "sync, place, match_key"],
}

TABLES = {
    "cdp_sync_runs": {
        "run_id": "text", "run_number": "bigint", "sync": "text", "place": "text",
        "plan_id": "text", "status": "text", "desired": "bigint", "held": "bigint",
        "planned_create": "bigint", "planned_adopt": "bigint", "planned_update": "bigint",
        "planned_remove": "bigint",
        "withheld": "bigint", "withheld_reasons": "text", "attempted": "bigint",
        "succeeded": "bigint", "rejected": "bigint", "unknown": "bigint",
        "aborted": "bigint", "calls": "bigint", "approval": "text",
        "started_at": "timestamp", "ended_at": "timestamp", "error": "text",
        "caller_run_id": "text", "retries": "bigint", "throttled_seconds": "double precision",
    },
    "cdp_sync_ledger": {
        "run_id": "text", "run_number": "bigint", "position": "bigint", "sync": "text",
        "place": "text", "entity_id": "text", "profile_id": "text", "operation": "text",
        "reason": "text", "row_hash": "bigint", "field_hashes": "text", "changed_fields": "text",
        "match_key": "text", "hash_version": "text", "status": "text", "attempt": "bigint",
        "batch_key": "text", "destination_id": "text", "code": "text", "message": "text",
        "sent_values": "text", "is_open": "boolean default true", "settled_at": "timestamp",
    },
    "cdp_sync_state": {
        "sync": "text", "place": "text", "entity_id": "text", "profile_id": "text",
        "destination_id": "text", "match_key": "text", "row_hash": "bigint",
        "field_hashes": "text", "hash_version": "text", "since": "timestamp",
    },
    "cdp_plans": {
        "plan_id": "text", "sync": "text", "place": "text", "target": "text",
        "plan_hash": "text", "status": "text", "summary": "text", "created_at": "timestamp",
    },
    "cdp_consent_entries": {
        "profile_id": "text", "purpose": "text", "channel": "text", "status": "text",
        "captured_at": "timestamp", "evidence": "text", "entered_by": "text",
    },
    "cdp_sync_locks": {
        "sync": "text primary key", "run_id": "text", "owner": "text", "expires_at": "timestamp",
    },
}  # fmt: skip
