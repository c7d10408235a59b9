"""The rules of the exact layer in plain Python: who is one person, given all that is said.

Slow and short, to hold the SQL against. Nodes are (identifier_type, value), records too:
("record", key). Names, phones and shares of records are left out.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

from conftest import ROOT
from identity.stories import Decision, Record

__all__ = ["partition"]

Node = tuple[str, str]
Link = tuple[Node, Node, int]  # a node, another trusted at least as much, the first's priority
Limits = Mapping[str, tuple[set[Node], int]]  # nodes of which one person has only so many


def _seed(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / "reference" / f"cdp_{name}.csv").open() as file:
        return list(csv.DictReader(file))


_LIMITS = {row["identifier_type"]: row for row in _seed("identifier_limits")}
_CARDINALITY = _seed("identifier_cardinality")


def partition(things: Iterable[Record | Decision]) -> set[frozenset[str]]:
    """The keys of the records that are one person each; records of nobody are left out."""
    things = list(things)
    records = [thing for thing in things if isinstance(thing, Record) and not thing.is_deleted]
    decided = defaultdict(list)
    for thing in things:
        if isinstance(thing, Decision):
            decided[thing.action].append([_side(side) for side in thing.sides])
    edges = _edges(records, decided)
    cluster = _settled(edges, decided["force_link"], decided["force_unlink"])
    people = defaultdict(set)
    for key, nodes in edges.items():
        homes = {cluster[node] for node in nodes if node in cluster}
        assert len(homes) < 2
        for home in homes:
            people[home].add(key)
    return {frozenset(keys) for keys in people.values()}


def _side(side: str) -> Node:
    kind, _, value = side.partition("=")
    return (kind, value) if value else ("record", side)


def _edges(
    records: Iterable[Record], decided: Mapping[str, list[list[Node]]]
) -> dict[str, set[Node]]:
    """record key -> what it carries and may link it."""
    carried = {record.key: set(record.values) for record in records}
    people = {record.key for record in records if record.is_person}
    refused = {node for sides in decided["block"] for node in sides}
    refused |= {node for node, count in Counter(
        node for key in people for node in carried[key]
    ).items() if count > int(_LIMITS[node[0]]["max_people_per_source"] or 99)}  # fmt: skip
    for rule in _CARDINALITY:
        seen = defaultdict(set)
        for nodes in carried.values():
            for node in nodes:
                if node[0] == rule["identifier_type"]:
                    seen[node] |= {other for other in nodes if other[0] == rule["seen_with"]}
        refused |= {node for node, others in seen.items() if len(others) > int(rule["max_values"])}
    refused -= {node for sides in decided["force_link"] for node in sides}
    parted = {(one, other) for sides in decided["force_unlink"] for one in sides for other in sides}
    return {
        key: {node for node in nodes - refused if (("record", key), node) not in parted}
        | ({("record", key)} if key in people else set())
        for key, nodes in carried.items()
    }


def _settled(
    edges: Mapping[str, set[Node]], linked: list[list[Node]], parted: list[list[Node]]
) -> dict[Node, Node]:
    """node -> its cluster, by what the records say, then by hand; refused ones are absent."""
    nodes = set().union(*edges.values())
    by_hand = {str(n): (set(sides) & nodes, 1) for n, sides in enumerate(parted)}
    limits = {kind: ({node for node in nodes if node[0] == kind}, int(row["max_per_profile"]))
              for kind, row in _LIMITS.items() if row["max_per_profile"]} | by_hand  # fmt: skip
    links = [_link(*pair) for carried in edges.values() for pair in combinations(carried, 2)]
    refused: set[Node] = set()
    cluster = _grown(nodes, links, limits, refused)
    forced = [_link(*sides) for sides in linked if nodes.issuperset(sides) and len(set(sides)) > 1]
    return _grown(nodes - refused, links + forced, by_hand, refused) if forced else cluster


def _priority(node: Node) -> int:
    return 0 if node[0] == "record" else int(_LIMITS[node[0]]["priority"])


def _link(one: Node, other: Node) -> Link:
    return (one, other, _priority(one)) if _priority(one) >= _priority(other) else (
        other, one, _priority(other))  # fmt: skip


def _grown(
    nodes: set[Node], links: list[Link], limits: Limits, refused: set[Node]
) -> dict[Node, Node]:
    """Clusters grown from the most trusted type on; adds to `refused`."""
    cluster = {node: node for node in nodes}
    for level in sorted({_priority(node) for node in nodes}):
        values = {node for node in nodes if _priority(node) == level}
        for cut in (_bridging, _surplus, None):
            near: dict[Node, set[Node]] = {home: set() for home in cluster.values()}
            for one, other, priority in links:
                if priority == level and not {one, other} & refused:
                    near[cluster[one]].add(cluster[other])
                    near[cluster[other]].add(cluster[one])
            merged = {home: min(_reach(home, near)) for home in near}
            holding = _too_much(cluster, merged, limits, refused)
            if not holding or cut is None:
                assert not holding
                break
            refused |= cut(values, near, holding, cluster)
        cluster = {node: merged[home] for node, home in cluster.items() if node not in refused}
    return cluster


def _reach(start: Node, near: Mapping[Node, set[Node]], beyond: Iterable[Node] = ()) -> set[Node]:
    """What can be come to from start; one may step on those beyond, but not through them."""
    found, ahead = {start}, [start]
    while ahead:
        for node in near[ahead.pop()] - found:
            found.add(node)
            if node not in beyond:
                ahead.append(node)
    return found


def _too_much(
    cluster: Mapping[Node, Node], merged: Mapping[Node, Node], limits: Limits, refused: set[Node]
) -> set[Node]:
    """The nodes of which a person would have too many."""
    found: set[Node] = set()
    for nodes, most in limits.values():
        held = defaultdict(set)
        for node in nodes & cluster.keys() - refused:
            held[merged[cluster[node]]].add(node)
        found |= {node for those in held.values() if len(those) > most for node in those}
    return found


def _bridging(
    values: set[Node],
    near: Mapping[Node, set[Node]],
    holding: set[Node],
    cluster: Mapping[Node, Node],
) -> set[Node]:
    """Values next to a holder from which a path, through no holder, leads to another."""
    homes = {cluster[node] for node in holding}
    holders = {next(iter(near[home])) if home in values and len(near[home]) == 1 else home
               for home in homes}  # fmt: skip

    def bridges(node: Node) -> bool:
        if node in holders:
            return any(other in holders or bridges(other) for other in near[node])
        return len(_reach(node, near, holders) & holders) > 1

    return {value for value in values & near.keys() if near[value]
            and (value in holders or near[value] & holders) and bridges(value)}  # fmt: skip


def _surplus(
    values: set[Node],
    near: Mapping[Node, set[Node]],
    holding: set[Node],
    cluster: Mapping[Node, Node],
) -> set[Node]:
    return values & holding
