"""One contender of `make bench-identity`, in this process: what it found, as a line of JSON.

    python tests/bench/identity_graph.py scipy FOLDER

FOLDER holds edges.parquet (left_value, right_value: strings). Every contender reads it, tells
which identifiers are connected, and writes that out. cdp_* run the project's own models and
macros; a record of two identifiers is an edge.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

Found = dict[str, Any]
_THREADS = 2


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def duckdb_at(folder: Path, name: str, memory: str = "700MB") -> Any:
    import duckdb

    connection = duckdb.connect(str(folder / name))
    connection.execute(f"set threads = {_THREADS}")
    connection.execute(f"set memory_limit = '{memory}'")
    connection.execute("set preserve_insertion_order = false")
    return connection


# ---------------------------------------------------------------- the others


def group(folder: Path) -> Found:
    """The floor: read the file, group its identifiers once, write them."""
    connection = duckdb_at(folder, "group.duckdb")
    edges = folder / "edges.parquet"
    connection.execute(
        "create table nodes as select value, count(*) as links from ("
        f"select left_value as value from '{edges}' union all "
        f"select right_value from '{edges}') group by value"
    )
    return {"clusters": None}


def scipy(folder: Path) -> Found:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = pq.read_table(folder / "edges.parquet")
    count = edges.num_rows
    ends = pa.chunked_array(edges["left_value"].chunks + edges["right_value"].chunks)
    nodes = ends.combine_chunks().dictionary_encode()
    codes = nodes.indices.to_numpy()
    size = len(nodes.dictionary)
    weights = np.ones(count, dtype=np.int8)
    matrix = coo_matrix((weights, (codes[:count], codes[count:])), shape=(size, size))
    clusters, labels = connected_components(matrix, directed=False)
    result = pa.table({"value": nodes.dictionary, "component_id": labels})
    pq.write_table(result, folder / "scipy.parquet")
    return {"clusters": clusters}


def splink(folder: Path) -> Found:
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    connection = duckdb_at(folder, "splink.duckdb", memory="6GB")
    connection.execute(
        "create table edges as select left_value as unique_id_l, right_value as unique_id_r "
        f"from '{folder / 'edges.parquet'}'"
    )
    connection.execute(
        "create table nodes as select unique_id_l as unique_id from edges "
        "union select unique_id_r from edges"
    )
    clusters = cluster_pairwise_predictions_at_threshold(
        "nodes", "edges", DuckDBAPI(connection), node_id_column_name="unique_id"
    )
    counted = connection.execute(
        f"select count(distinct cluster_id) from {clusters.physical_name}"
    ).fetchall()
    return {"clusters": counted[0][0]}


# ---------------------------------------------------------------- ours


class Graph:
    """The exact layer from values to components over one table of edges, on a connection."""

    def __init__(self, run: Callable[[str], Sequence[Any]], dialect: str) -> None:
        from support.rendered import Rendered

        self.run, self.engine = run, Rendered(run, dialect, "graph")

    def take(self, edges: str) -> None:
        """Make the models' inputs of a relation of edges."""
        for sql in (
            "create schema if not exists graph",
            "drop view if exists graph.idg_links",
            "drop view if exists graph.idg_identifiers",
            f"create view graph.idg_identifiers as "
            f"select 'id' as identifier_type, left_value as identifier_value from {edges} "
            f"union all select 'id', right_value from {edges}",
        ):
            self.run(sql)
        self.engine.build("idg_nodes")
        self.run(
            "create view graph.idg_links as with pairs as ("
            "select one.node_id, other.node_id as neighbour_id "
            f"from {edges} as edges "
            "inner join graph.idg_nodes as one on edges.left_value = one.identifier_value "
            "inner join graph.idg_nodes as other on edges.right_value = other.identifier_value) "
            "select node_id, neighbour_id, cast(1 as bigint) as priority, "
            "cast(null as text) as limit_key, cast(null as bigint) as max_per_profile from pairs "
            "union all select neighbour_id, neighbour_id, 1, null, null from pairs"
        )

    def full(self, edges: str) -> Found:
        """Everything from nothing."""
        self.take(edges)
        self.engine.build("idg_link_changes")
        self.engine.build("idg_components")
        return self.found()

    def more(self, edges: str) -> Found:
        """New edges, on top of a graph that stands. None of them is an old one."""
        self.take(edges)
        self.run(
            "insert into graph.idg_link_changes select distinct *, 1, "
            "(select max(version) + 1 from graph.idg_link_changes) from graph.idg_links"
        )
        self.engine.build("idg_components")
        return self.found()

    def found(self) -> Found:
        sql = "select count(*) from graph.idg_components where node_id = component_id"
        return {"clusters": self.run(sql)[0][0]}


def on_duckdb(folder: Path, memory: str = "700MB") -> tuple[Any, Graph]:
    connection = duckdb_at(folder, "cdp.duckdb", memory)
    return connection, Graph(lambda sql: connection.execute(sql).fetchall(), "duckdb")


def timed(work: Callable[[], Found]) -> Found:
    """What `work` found, with the CPU of its statements alone."""
    began = cpu()
    return work() | {"statements": cpu() - began}


def cdp_full(folder: Path, memory: str = "700MB") -> Found:
    _, graph = on_duckdb(folder, memory)
    return timed(lambda: graph.full(f"'{folder / 'edges.parquet'}'"))


def cdp_small_memory(folder: Path) -> Found:
    return cdp_full(folder, memory="500MB")


def cdp_more(folder: Path) -> Found:
    connection, graph = on_duckdb(folder)
    connection.execute("checkpoint")
    return timed(lambda: graph.more(f"'{folder / 'more.parquet'}'"))


def cdp_compare(folder: Path) -> Found:
    """What a run pays to see that no link came or went."""
    _, graph = on_duckdb(folder)
    graph.take(f"'{folder / 'edges.parquet'}'")
    graph.run("create table graph.today as select * from graph.idg_links")
    graph.run("drop view graph.idg_links")
    graph.run("create view graph.idg_links as select * from graph.today")
    return timed(lambda: graph.engine.build("idg_link_changes") or {"clusters": None})


def cdp_scan(folder: Path) -> Found:
    """One scan of the node table: its numbers and its values."""
    connection, _ = on_duckdb(folder)
    sql = "select sum(node_id), max(identifier_value) from graph.idg_nodes"
    return timed(lambda: connection.execute(sql) and {"clusters": None})


def cdp_postgres(folder: Path) -> Found:
    """Full, then one per cent more; CPU of the server's one process."""
    import psycopg
    import pyarrow.parquet as pq

    from support.postgres import PostgresServer

    server = PostgresServer.launch()
    database = server.create_database()
    settings = server.environment
    with psycopg.connect(
        host=settings["CDP_PG_HOST"],
        port=settings["CDP_PG_PORT"],
        user=settings["CDP_PG_USER"],
        password=settings["DBT_ENV_SECRET_PG_PASSWORD"],
        dbname=database,
    ) as connection:

        def run(sql: str) -> Sequence[Any]:
            cursor = connection.execute(sql)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

        for name in ("edges", "more"):
            run(f"create table {name} (left_value text, right_value text)")
            rows = pq.read_table(folder / f"{name}.parquet").to_pydict()
            with connection.cursor().copy(f"copy {name} from stdin") as copy:  # type: ignore[call-overload]
                for row in zip(rows["left_value"], rows["right_value"], strict=True):
                    copy.write_row(row)
        run("set max_parallel_workers_per_gather = 0")
        process = connection.info.backend_pid
        graph = Graph(run, "postgres")
        began = _cpu_of(process)
        found = graph.full("edges")
        connection.commit()
        full = _cpu_of(process)
        graph.more("more")
        connection.commit()
        more = _cpu_of(process)
    server.remove()
    return found | {"statements": full - began, "more": more - full}


def _cpu_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    contender, folder = sys.argv[1], Path(sys.argv[2])
    started = time.monotonic()
    outcome = globals()[contender](folder)
    print(json.dumps(outcome | {"wall": time.monotonic() - started}))
