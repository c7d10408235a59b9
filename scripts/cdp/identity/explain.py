"""`cdp identity explain`: why two are one person, or why they are not.

Reads what the last build left. Values are bound, never pasted; only the records of the
profiles asked for are read, so that memory is O(records of those people).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cdp.errors import WarehouseError
from cdp.identity.evidence import Graph, Link, Node, record, shortest_chain, value
from cdp.identity.lookup import Endpoint, Lookup
from cdp.identity.places import Places
from cdp.warehouse import Warehouse

__all__ = ["Explanation", "Reason", "explain"]

_MOST_PROFILES = 20  # of a value that everybody has

_RECORDS = """
    select
        identifiers.source, identifiers.record_id, identifiers.identifier_type,
        identifiers.identifier_value, identifiers.first_seen_at, refused.rule
    from {internal}.idg_identifiers as identifiers
    inner join ({chosen}) as chosen
        on identifiers.source = chosen.source and identifiers.record_id = chosen.record_id
    left join {internal}.idg_edges_rejected as refused
        on identifiers.source = refused.source
        and identifiers.record_id = refused.record_id
        and identifiers.identifier_type = refused.identifier_type
        and identifiers.identifier_value = refused.identifier_value
    order by 1, 2, 3
"""
_OF_PROFILES = """
    select source, record_id from {cdp}.cdp_identity_map where profile_id in ({marks})
"""
_OF_VALUE = """
    select distinct source, record_id from {internal}.idg_identifiers
    where identifier_type = ? and identifier_value = ?
"""
_ALIKE = """
    select
        one.source, one.record_id, other.source, other.record_id, pairs.rule,
        weights.weight, weights.is_household, {terms}
    from {internal}.idg_match_weights as weights
    inner join {internal}.idg_match_pairs as pairs
        on weights.one_id = pairs.one_id and weights.other_id = pairs.other_id
    inner join {internal}.idg_match_people as one on weights.one_id = one.node_id
    inner join {internal}.idg_match_people as other on weights.other_id = other.node_id
    inner join {cdp}.cdp_identity_map as one_map
        on one.source = one_map.source and one.record_id = one_map.record_id
    inner join {cdp}.cdp_identity_map as other_map
        on other.source = other_map.source and other.record_id = other_map.record_id
    where
        (one_map.profile_id in ({marks}) and other_map.profile_id in ({other_marks}))
        or (other_map.profile_id in ({marks}) and one_map.profile_id in ({other_marks}))
    order by weights.weight desc, 1, 2, 3, 4
"""
_BY_HAND = """
    select one.override_id, one.action, one.identifier_type, one.identifier_value,
        other.identifier_type, other.identifier_value
    from {internal}.idg_overrides as one
    inner join {internal}.idg_overrides as other on one.override_id = other.override_id
    where one.side = 'one' and other.side = 'other'
    order by 1
"""
_EVER_OF = """
    select distinct nodes.identifier_type, nodes.identifier_value
    from {state}.idg_node_profiles as history
    inner join {state}.idg_nodes as nodes on history.node_id = nodes.node_id
    where history.profile_number = ?
"""
_REVIEW = """
    select
        reason, line_to_link,
        one_source || ':' || one_record_id, other_source || ':' || other_record_id
    from {cdp}.cdp_identity_review
    where (one_profile_id in ({marks}) and other_profile_id in ({other_marks}))
        or (other_profile_id in ({marks}) and one_profile_id in ({other_marks}))
    order by weight desc
"""
_HOUSEHOLDS = """
    select one.household_id
    from {internal}.idg_household_members as one
    inner join {internal}.idg_household_members as other
        on one.household_id = other.household_id
    where one.profile_id in ({marks}) and other.profile_id in ({other_marks})
"""

Carried = tuple[Node, Node, Link]  # a record, a value, the link between
ByHand = tuple[str, str, Node, Node]  # override, action, one value, the other


@dataclass(frozen=True)
class Reason:
    """Something that keeps two apart, with what it is about."""

    kind: str  # refused, override, household, likeness, review, not_compared, matching_is_off
    sentence: str
    identifier_type: str | None = None
    identifier_value: str | None = None
    rule: str | None = None
    weight: float | None = None
    terms: dict[str, float] | None = None
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """links: the shortest chain from one to the other; with one side alone, or where the
    two are the same, all that holds the person together. reasons: why they are apart."""

    one: Endpoint
    other: Endpoint | None
    is_one_person: bool
    verdict: str
    links: tuple[Link, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Everything by name."""
        return asdict(self)


def explain(
    project_dir: Path, warehouse: Warehouse, one: str, other: str | None = None
) -> Explanation:
    """What is asked of one or two: profile ids, emails, phones, source:record_id, type=value.

    Raises ConfigError where a side names nothing, WarehouseError where nothing was built.
    """
    places = Places.here(warehouse.target)
    if not places.columns(warehouse, "cdp_identity_map"):
        raise WarehouseError("There is no cdp_identity_map yet. Run cdp build first.")
    lookup = Lookup(project_dir, warehouse, places)
    first = lookup.find(one)
    second = lookup.find(other) if other is not None else None
    return _Build(warehouse, places).explain(first, second)


@dataclass(frozen=True)
class _Build:
    """The tables that explain."""

    warehouse: Warehouse
    places: Places

    def explain(self, one: Endpoint, other: Endpoint | None) -> Explanation:
        """One person, or why not."""
        if other is None:
            return self._alone(one)
        common = [profile for profile in one.profiles if profile in other.profiles]
        if not common:
            return self._apart(one, other)
        edges, graph = self._graph(common[0])
        start, end = self._nodes(one, edges), self._nodes(other, edges)
        if one.redirected_from:
            end = _beside(start, end, edges)
        elif other.redirected_from:
            start = _beside(end, start, edges)
        chain = shortest_chain(graph, start, end) if start and end else []
        verdict = _one_person(common[0], one, other)
        if chain is None:
            verdict += " Of what links them now, nothing is left: run cdp build."
        links = tuple(chain or _all_links(graph))
        refusals = (*self._own_refusals(one), *self._own_refusals(other))
        return Explanation(one, other, True, verdict, links, refusals)

    def _alone(self, one: Endpoint) -> Explanation:
        if not one.profiles:
            reasons = tuple(self._own_refusals(one))
            return Explanation(one, None, False, "That names nobody.", reasons=reasons)
        _, graph = self._graph(one.profiles[0])
        verdict = f"{_naming(one)} {one.profiles[0]}."
        if len(one.profiles) > 1:
            verdict = f"{len(one.profiles)} people have it, {one.profiles[0]} first."
        return Explanation(
            one, None, len(one.profiles) == 1, verdict, _all_links(graph),
            tuple(self._own_refusals(one)),
        )  # fmt: skip

    def _graph(self, profile: str) -> tuple[list[Carried], Graph]:
        """All that the profile's records carry, and the graph of what links: likeness, where
        nothing else does."""
        edges = self._carried((profile,), None)
        linking = [edge for edge in edges if edge[2].rule is None]
        values = {node for _, node, _ in linking}
        by_hand = [
            (one, other, Link("hand", rule=f"force_link: {override}"))
            for override, action, one, other in self._by_hand()
            if action == "force_link" and one in values and other in values
        ]
        exact = [*linking, *by_hand]
        group = Graph.of(exact).components()
        alike = [
            (one, other, link)
            for row, link in self._alike((profile,), (profile,))
            for one, other in [(record(*row[:2]), record(*row[2:4]))]
            if not row[6] and (link.weight or 0) > 0 and group.get(one) != group.get(other)
        ]
        return edges, Graph.of([*exact, *alike])

    def _carried(self, profiles: Sequence[str], one: Endpoint | None) -> list[Carried]:
        """What the records of profiles carry; without any, the records with the value."""
        if profiles or one is None or one.identifier is None:
            chosen = _OF_PROFILES.format(cdp=self.places.cdp, marks=_marks(profiles))
            values: Sequence[object] = profiles
        else:
            chosen, values = _OF_VALUE.format(internal=self.places.internal), one.identifier
        return [
            (
                record(source, record_id),
                value(kind, written),
                Link("identifier", source, record_id, kind, written, rule=rule, first_seen_at=seen),
            )
            for source, record_id, kind, written, seen, rule in self._rows(
                _RECORDS, *values, chosen=chosen
            )
        ]

    def _nodes(self, end: Endpoint, edges: list[Carried]) -> set[Node]:
        """Where a side stands in the graph; a value that links nothing, at its records."""
        if end.redirected_from:
            return self._came_from(end.redirected_from, edges)
        if end.record:
            return {record(*end.record)}
        if end.identifier:
            node = value(*end.identifier)
            return {node} | {holder for holder, found, link in edges if found == node and link.rule}
        return {holder for holder, _, _ in edges} | {node for _, node, _ in edges}

    def _came_from(self, profile: str, edges: list[Carried]) -> set[Node]:
        """What was an id's before it went up in another: values, and records of just those."""
        ever = {value(*row) for row in self._rows(_EVER_OF, int(profile[1:]))}
        others = {holder for holder, node, link in edges if node not in ever and not link.rule}
        values = {node for _, node, _ in edges if node in ever}
        return values | {holder for holder, _, _ in edges if holder not in others}

    def _apart(self, one: Endpoint, other: Endpoint) -> Explanation:
        ours, theirs = one.profiles[:_MOST_PROFILES], other.profiles[:_MOST_PROFILES]
        left, right = self._carried(ours, one), self._carried(theirs, other)
        reasons = [
            *self._by_override(left, right),
            *_refused_in_common(left, right),
            *self._own_refusals(one),
            *self._own_refusals(other),
        ]
        if ours and theirs:
            reasons += self._unlike(ours, theirs)
        unique = tuple(dict((reason.sentence, reason) for reason in reasons).values())
        return Explanation(one, other, False, _two_people(one, other), reasons=unique)

    def _by_override(self, left: list[Carried], right: list[Carried]) -> Iterator[Reason]:
        ours, theirs = {node for _, node, _ in left}, {node for _, node, _ in right}
        for override, action, one, other in self._by_hand():
            if action == "force_unlink" and (
                (one in ours and other in theirs) or (one in theirs and other in ours)
            ):
                yield Reason(
                    "override",
                    f"They were parted by hand: row {override} of cdp_identity_overrides.",
                    rule=f"force_unlink: {override}",
                )

    def _own_refusals(self, end: Endpoint) -> Iterator[Reason]:
        if end.identifier is None:
            return
        rows = self._rows(
            "select distinct rule from {internal}.idg_edges_rejected "
            "where identifier_type = ? and identifier_value = ? order by 1",
            *end.identifier,
        )
        kind, written = end.identifier
        for (rule,) in rows:
            yield Reason("refused", f"{kind} {written} was refused: {rule}.", kind, written, rule)

    def _unlike(self, ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Reason]:
        names = {"marks": _marks(ours), "other_marks": _marks(theirs)}
        if self.places.columns(self.warehouse, "idg_household_members"):
            for (household,) in self._rows(_HOUSEHOLDS, *ours, *theirs, **names)[:1]:
                yield Reason("household", f"They live in one household, {household}.")
        if not self._matches_people():
            yield Reason(
                "matching_is_off",
                "Likeness was not looked at: cdp_probable_matching is false.",
            )
            return
        closest = next(iter(self._alike(ours, theirs)), None)
        if closest is None:
            yield Reason(
                "not_compared",
                "They were never compared by likeness: no blocking rule names them both "
                "(cdp_match_blocking).",
            )
            return
        row, link = closest
        yield _unlikeness(link, is_household=bool(row[6]))
        if self.places.columns(self.warehouse, "cdp_identity_review"):
            rows = self._rows(_REVIEW, *ours, *theirs, *ours, *theirs, **names)
            for why, line, *records in rows[:1]:
                yield Reason(
                    "review",
                    f"It waits for a decision in cdp_identity_review: {why}. To link them, add to "
                    f"the seed cdp_identity_overrides: {line}",
                    records=tuple(records),
                )

    def _matches_people(self) -> bool:
        return bool(self.places.columns(self.warehouse, "idg_match_weights"))

    def _alike(
        self, ours: Sequence[str], theirs: Sequence[str]
    ) -> Iterator[tuple[tuple[Any, ...], Link]]:
        """Pairs of records of the two that were compared, the closest first."""
        if not self._matches_people():
            return
        levels = self.places.columns(self.warehouse, "idg_match_levels")
        names = [name for name in levels if name not in ("one_id", "other_id")]
        rows = self._rows(
            _ALIKE, *ours, *theirs, *ours, *theirs,
            terms=", ".join(f"weights.{name}" for name in names),
            marks=_marks(ours), other_marks=_marks(theirs),
        )  # fmt: skip
        for row in rows:
            weight, bits = float(row[5]), [float(term) for term in row[7:]]
            terms = {name: round(term, 2) for name, term in zip(names, bits, strict=True)}
            prior = round(weight - sum(bits), 2)
            yield row, Link(
                "likeness", row[0], row[1], other_source=row[2], other_record_id=row[3],
                rule=row[4], weight=round(weight, 2),
                terms={"prior": prior} | {name: term for name, term in terms.items() if term},
            )  # fmt: skip

    def _by_hand(self) -> list[ByHand]:
        if not self.places.columns(self.warehouse, "idg_overrides"):
            return []
        return [
            (override, action, value(*sides[:2]), value(*sides[2:]))
            for override, action, *sides in self._rows(_BY_HAND)
        ]

    def _rows(self, sql: str, *values: object, **names: str) -> list[tuple[Any, ...]]:
        return self.warehouse.query(sql.format(**(vars(self.places) | names)), values)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values) or "null"


def _beside(came: set[Node], others: set[Node], edges: list[Carried]) -> set[Node]:
    """The others without what came from a merged id, and without the records that bridge."""
    bridges = {holder for holder, node, _ in edges if node in came}
    return others - came - bridges


def _all_links(graph: Graph) -> tuple[Link, ...]:
    """What holds a person together: values on several records, likeness, links by hand."""
    links = {
        id(link): link
        for node, neighbours in sorted(graph.neighbours.items())
        for _, link in neighbours
        if link.by != "identifier" or (node[0] == "value" and len(neighbours) > 1)
    }
    return tuple(links.values())


def _refused_in_common(left: list[Carried], right: list[Carried]) -> Iterator[Reason]:
    theirs = {node: link for _, node, link in right}
    for node, link in {node: link for _, node, link in left}.items():
        if node in theirs:
            rule = link.rule or theirs[node].rule or "the build before this value came"
            yield Reason(
                "refused",
                f"Both have {node[1]} {node[2]}, which links nothing: {rule}.",
                node[1], node[2], rule,
            )  # fmt: skip


def _unlikeness(link: Link, is_household: bool) -> Reason:
    """The closest pair of records, and why it made them no person."""
    records = _records(link)
    compared = f"Their closest records, {' and '.join(records)}, were compared by {link.rule}"
    if is_household:
        why = "another given name, and no birth date that agrees: a household, no person"
    elif (link.weight or 0) > 0:
        why = "that speaks for one person, and something else kept them apart"
    else:
        why = "that speaks against it"
    return Reason(
        "likeness", f"{compared}: {link.weight:+.2f} bits, {why}.", rule=link.rule,
        weight=link.weight, terms=dict(link.terms or {}), records=records,
    )  # fmt: skip


def _records(link: Link) -> tuple[str, str]:
    return f"{link.source}:{link.record_id}", f"{link.other_source}:{link.other_record_id}"


def _naming(end: Endpoint) -> str:
    return f"{end.redirected_from} went up in" if end.redirected_from else "It is"


def _one_person(profile: str, one: Endpoint, other: Endpoint) -> str:
    went = [end.redirected_from for end in (one, other) if end.redirected_from]
    told = f"{' and '.join(went)} went up in it. " if went else ""
    shared = max(len(one.profiles), len(other.profiles))
    several = f" {shared} people have one of the two; this one has both." if shared > 1 else ""
    return f"One person: {profile}. {told}{several}".strip()


def _two_people(one: Endpoint, other: Endpoint) -> str:
    sides = (_whose(end) for end in (one, other))
    went = [f" {end.redirected_from} went up in {end.profiles[0]}."
            for end in (one, other) if end.redirected_from]  # fmt: skip
    return f"Not one person: {' and '.join(sides)}.{''.join(went)}"


def _whose(end: Endpoint) -> str:
    if not end.profiles:
        return "nobody"
    if len(end.profiles) == 1:
        return end.profiles[0]
    return f"{len(end.profiles)} people ({', '.join(end.profiles[:3])}, …)"
