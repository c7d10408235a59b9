"""The evidence that holds records together, as a graph in which a path is an explanation.

Records and the values that they carry are its nodes. What links: a record carries a value
that no rule refused; two values that a person linked by hand; two records that are alike.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import count

__all__ = ["Graph", "Link", "Node", "record", "shortest_chain", "value"]

Node = tuple[str, str, str]  # record, source, record_id; or value, type, value


def record(source: str, record_id: str) -> Node:
    """The node of a record."""
    return ("record", source, record_id)


def value(identifier_type: str, identifier_value: str) -> Node:
    """The node of an identifier."""
    return ("value", identifier_type, identifier_value)


@dataclass(frozen=True)
class Link:
    """One piece of evidence. by: identifier (the record carries the value), likeness (the
    record and the other are alike; weight and terms in bits), hand (an override). rule: what
    refused the value, which blocking rule compared, or which override; null: nothing did."""

    by: str
    source: str | None = None
    record_id: str | None = None
    identifier_type: str | None = None
    identifier_value: str | None = None
    other_source: str | None = None
    other_record_id: str | None = None
    rule: str | None = None
    first_seen_at: datetime | None = None
    weight: float | None = None
    terms: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Graph:
    """Node -> (neighbour, link), in an order that re-runs repeat."""

    neighbours: Mapping[Node, Sequence[tuple[Node, Link]]]

    @staticmethod
    def of(edges: Iterable[tuple[Node, Node, Link]]) -> Graph:
        """Undirected, from its edges."""
        neighbours: dict[Node, list[tuple[Node, Link]]] = {}
        for one, other, link in edges:
            neighbours.setdefault(one, []).append((other, link))
            neighbours.setdefault(other, []).append((one, link))
        return Graph(neighbours)

    def components(self) -> dict[Node, Node]:
        """Node -> a node that stands for all that are connected with it."""
        found: dict[Node, Node] = {}
        for first in self.neighbours:
            waiting = [first] if first not in found else []
            while waiting:
                node = waiting.pop()
                if node not in found:
                    found[node] = first
                    waiting.extend(neighbour for neighbour, _ in self.neighbours[node])
        return found


def shortest_chain(graph: Graph, start: Set[Node], end: Set[Node]) -> list[Link] | None:
    """The links from any of `start` to any of `end`: fewest by likeness, then fewest.

    Empty where the two meet; None where nothing connects them. O(edges log edges).
    """
    order = count()
    waiting = [(0, 0, next(order), node) for node in sorted(start)]
    came: dict[Node, tuple[Node, Link] | None] = dict.fromkeys(start)
    best = {node: (0, 0) for node in start}
    while waiting:
        alike, hops, _, node = heapq.heappop(waiting)
        if (alike, hops) > best[node]:
            continue
        if node in end:
            return list(_back(came, node))
        for neighbour, link in graph.neighbours.get(node, ()):
            cost = (alike + (link.by == "likeness"), hops + 1)
            if cost < best.get(neighbour, (1 << 60, 0)):
                best[neighbour], came[neighbour] = cost, (node, link)
                heapq.heappush(waiting, (*cost, next(order), neighbour))
    return None


def _back(came: Mapping[Node, tuple[Node, Link] | None], node: Node) -> Iterator[Link]:
    links = []
    while step := came[node]:
        node, link = step
        links.append(link)
    return reversed(links)
