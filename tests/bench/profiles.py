"""Build the profile layer over made-up people and events: in full, after 1 % more events, and
on the next day.

    make bench-profiles EVENTS=10000000

One person for fifty events. The layers before it are built empty, then filled by SQL; only
`models/profiles` is measured, by one `dbt run` a row, as a process of its own. The events of
the later runs are those of the days after the first one's. Wall and CPU are in seconds; peak is
the largest resident set; kept are the tables that a run left as they were. What a run costs in
which nothing has changed is what dbt itself does: it reads the project, and looks at each model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from support.checkout import check_out

DBT = Path(sys.executable).parent / "dbt"
FIRST_DAY, DAYS = "2017-01-01", 365

# The n-th event: a person, one of her two browsers, a visit of about eight events, a moment.
# Later events are of later days, so that a share of the newest is what a run brings.
EVENTS = """
    insert into cdp_internal.inp_events by name
    with drawn as (
        select
            n,
            hash(n // 8) % {people} as person,
            hash(n // 8, 1) % 2 as browser,
            timestamp '{first_day}'
            + interval 1 minute * cast(
                (n // 8) * 8 / {all_events} * {days} * 1440 + n % 8 * 2 as bigint
            ) as occurred_at,
            hash(n, 2) % 100 as draw
        from range({first}, {last}) as numbers(n)
    )
    select
        'web' as source,
        md5(cast(n as varchar)) as record_id,
        'Larkspur' as brand,
        false as is_deleted,
        occurred_at,
        occurred_at + interval 5 second as received_at,
        'web' as channel,
        case
            when draw < 60 then 'page_viewed' when draw < 88 then 'product_viewed'
            when draw < 95 then 'product_added' when draw < 98 then 'checkout_started'
            else 'order_completed'
        end as event_name,
        'https://shop.example/page/' || draw as url,
        case when n % 8 = 0 and draw < 40 then 'google' end as utm_source,
        case when n % 8 = 0 and draw < 40 then 'cpc' end as utm_medium,
        case when n % 8 = 0 and draw < 40 then 'campaign ' || draw end as utm_campaign,
        case when draw between 60 and 94 then cast(hash(n, 3) % 5000 as varchar) end
            as product_id,
        case when draw between 60 and 94 then 'Category ' || hash(n, 3) % 5000 % 40 end
            as category,
        case when draw between 60 and 94 then cast(hash(n, 3) % 5000 / 50 as decimal(28, 6)) end
            as value,
        'USD' as currency,
        'desktop' as device_type,
        person || '-' || browser as anonymous_id,
        case when draw % 2 = 0 then cast(person as varchar) end as user_id,
        'stg_web__events' as input_model,
        md5('web' || person || '-' || browser || (draw % 2)) as identity_key,
        cast(hash(n, draw) >> 1 as bigint) as row_hash
    from drawn
"""

# A person has a record in the shop, two browsers, with and without logging in, and an email.
REST = """
    create temporary table people as
    select
        n,
        'prf_' || md5(cast(n as varchar)) as profile_id,
        timestamp '{first_day}' + interval 1 minute * cast(hash(n) % ({days} * 1440) as bigint)
            as seen_at
    from range({people}) as numbers(n);

    insert into cdp_internal.inp_people by name
    select
        'shopify' as source, cast(n as varchar) as record_id, false as is_deleted,
        seen_at as updated_at, seen_at as created_at, 'customer' as person_kind,
        'First ' || n % 1000 as first_name, 'Last ' || n % 7919 as last_name,
        n % 500 || ' Main Street' as address_line1, 'Town ' || n % 300 as city,
        cast(10000 + n % 80000 as varchar) as postal_code, 'US' as country_code,
        'person' || n || '@example.com' as email, 'stg_shopify__customers' as input_model,
        cast(n as varchar) as identity_key
    from people;

    insert into cdp.cdp_identity_map by name
    select
        'shopify' as source, cast(n as varchar) as record_id, profile_id, true as is_person,
        'exact' as linked_by
    from people
    union all by name
    select
        'web' as source, md5('web' || n || '-' || browser || logged_in) as record_id,
        profile_id, false as is_person, 'exact' as linked_by
    from people, range(2) as browsers(browser), range(2) as states(logged_in);

    insert into cdp_internal.idg_identifiers by name
    select
        'shopify' as source, cast(n as varchar) as record_id, 'email' as identifier_type,
        'person' || n || '@example.com' as identifier_value, true as is_person,
        seen_at as first_seen_at, seen_at as last_seen_at
    from people;

    insert into cdp.cdp_identifiers by name
    select
        profile_id, 'email' as identifier_type,
        'person' || n || '@example.com' as identifier_value, seen_at as first_seen_at,
        seen_at as last_seen_at, 'shopify' as sources, 1 as records, false as is_shared,
        true as is_linking
    from people;

    insert into cdp_internal.inp_orders by name
    select
        'shopify' as source, cast(n as varchar) as record_id, false as is_deleted,
        timestamp '{first_day}' + interval 1 minute * cast(hash(n, 4) % ({days} * 1440) as bigint)
            as occurred_at,
        'web' as channel, 'paid' as status, 'USD' as currency,
        cast(hash(n, 5) % 20000 / 100 as decimal(28, 6)) as total,
        total as total_reporting, 'stg_shopify__orders' as input_model,
        cast(hash(n) % {people} as varchar) as identity_key,
        cast(hash(n, 6) >> 1 as bigint) as row_hash
    from range({people} * 3) as numbers(n);

    insert into cdp_internal.inp_order_lines by name
    select
        'shopify' as source, orders.record_id || ':' || line_number as record_id,
        false as is_deleted, occurred_at, orders.record_id as order_id, line_number,
        cast(hash(orders.record_id, line_number) % 5000 as varchar) as product_id,
        'Category ' || cast(product_id as integer) % 40 as category, 1 as quantity,
        orders.total / 2 as total, orders.total / 2 as total_reporting, 'USD' as currency
    from cdp_internal.inp_orders as orders, range(2) as lines(line_number);
"""


def dbt(folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak GB of one dbt command, which must succeed."""
    began = time.monotonic()
    process = subprocess.Popen([DBT, "--quiet", *arguments], cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"dbt {' '.join(arguments)} failed.")
    cpu = usage.ru_utime + usage.ru_stime
    return time.monotonic() - began, cpu, usage.ru_maxrss / 2**20


def outcome(folder: Path) -> tuple[int, dict[str, float]]:
    """How many tables the last run kept; model -> its wall seconds, the slowest first."""
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    kept = sum(result["message"] == "KEPT" for result in results)
    seconds = {result["unique_id"].split(".")[-1]: result["execution_time"] for result in results}
    return kept, dict(sorted(seconds.items(), key=lambda item: -item[1]))


def fill(folder: Path, sql: str, **numbers: object) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(sql.format(first_day=FIRST_DAY, days=DAYS, **numbers))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    events = parser.parse_args().events
    folder = check_out(Path(tempfile.mkdtemp(prefix="cdp-bench-")))
    os.environ |= {
        "DBT_PROFILES_DIR": str(folder), "CDP_THREADS": "2", "CDP_NOW": "2018-01-01 06:00:00",
    }  # fmt: skip
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH", "CDP_DUCKDB_PATH"):
        os.environ.pop(name, None)
    numbers = {"people": events // 50, "all_events": events * 101 // 100}
    print(f"people: {events // 50}, events: {events}; in {folder}\n", flush=True)
    dbt(folder, "seed")
    dbt(folder, "run", "-s", "path:models/staging", "path:models/inputs", "path:models/identity")
    fill(folder, REST, **numbers)
    fill(folder, EVENTS, first=0, last=events, **numbers)
    print("| run | wall s | CPU s | of full | peak GB | kept | slowest models, s |")
    print("|---|---|---|---|---|---|---|")
    full = 0.0
    for run in ("full", "nothing new", "1 % more events", "the next day"):
        if run == "1 % more events":
            fill(folder, EVENTS, first=events, last=numbers["all_events"], **numbers)
        elif run == "the next day":
            os.environ["CDP_NOW"] = "2018-01-02 06:00:00"
        wall, cpu, peak = dbt(folder, "run", "-s", "path:models/profiles")
        full = full or cpu
        kept, seconds = outcome(folder)
        slowest = ", ".join(f"{name} {seconds[name]:.1f}" for name in list(seconds)[:6])
        print(
            f"| {run} | {wall:,.0f} | {cpu:,.0f} | {cpu / full:.0%} | {peak:.1f} | {kept} "
            f"| {slowest} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
