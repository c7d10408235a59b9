-- Who was who at a time in the past? Compile with
--   dbt compile -s who_was_who --vars '{as_of: 2018-01-01}'
-- and run the SQL: the identity map as it stood at the end of that day. A time of day
-- may follow the date. Join facts of that time to it, and no score or report sees a
-- merge that came later.

with identity_map as (
    {{ cdp_identity_map_as_of(var('as_of', '2018-01-01')) | indent(4) }}
)

select * from identity_map
