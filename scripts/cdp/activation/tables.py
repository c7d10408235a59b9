"""The tables of cdp_state that runs of syncs write, as they are made.

models/syncs/_syncs.yml says what each column means.
"""

from __future__ import annotations

__all__ = ["TABLES"]

TABLES = {
    "cdp_sync_runs": """
        run_id text primary key, run_number bigint, sync text, place text, plan_id text,
        status text, desired bigint, held bigint, planned_create bigint,
        planned_update bigint, planned_remove bigint, withheld bigint, withheld_reasons text,
        attempted bigint, succeeded bigint, rejected bigint, unknown bigint, aborted bigint,
        calls bigint, approval text, started_at timestamp,
        ended_at timestamp, error text
    """,
    "cdp_sync_ledger": """
        run_id text, run_number bigint, sync text, place text, entity_id text,
        profile_id text, operation text, reason text, row_hash bigint, field_hashes text,
        changed_fields text, match_key text, status text, attempt bigint, batch_key text,
        destination_id text, code text, message text, sent_values text,
        is_released boolean, settled_at timestamp
    """,
    "cdp_sync_state": """
        sync text, place text, entity_id text, profile_id text, destination_id text,
        match_key text, row_hash bigint, field_hashes text, hash_version text,
        since timestamp, primary key (sync, place, entity_id)
    """,
    "cdp_plans": """
        plan_id text, sync text, place text, target text, plan_hash text, status text,
        summary text, created_at timestamp, primary key (plan_id, sync)
    """,
    "cdp_sync_locks": """
        sync text primary key, run_id text, owner text, expires_at timestamp
    """,
}
