"""The named scenarios of the exact layer, each a story told over up to four runs.

A story's values are its own: the harness writes its name into every email, phone and id,
so that all stories share one database and one run. A run shows the world as it is then:
`person` and `fact` add or change a record, `gone` says that the source deleted it;
`linked`, `parted` and `blocked` are rows that somebody adds to the seeds, `taken_back`
takes one out again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["RUNS", "STORIES", "Decision", "Record", "Story"]

RUNS = 4


@dataclass(frozen=True)
class Record:
    """A person record, or a set of identifiers that facts carry."""

    key: str
    is_person: bool
    values: tuple[tuple[str, str], ...]
    is_deleted: bool = False


@dataclass(frozen=True)
class Decision:
    """A row of a seed: an override with two sides, or a blocked value with one.

    A side is a record's key, or an identifier as in "email=1".
    """

    key: str
    action: str  # force_link, force_unlink, block; empty: taken back
    sides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """What each run sees, who is one person after it, and what is told of the change."""

    name: str
    runs: list[list[Record | Decision]]
    people: list[str] = field(default_factory=list)  # after each run: "a b | c", without nobody's
    changes: list[str] = field(default_factory=list)  # after each run: "created created"
    keeps: str = ""  # this record has the same profile_id after every run it is in

    def state(self, run: int) -> dict[str, Record | Decision]:
        """What there is at a run, counted from 0, by key."""
        return {thing.key: thing for things in self.runs[: run + 1] for thing in things}


def person(key: str, **values: str) -> Record:
    return Record(key, True, tuple(values.items()))


def fact(key: str, **values: str) -> Record:
    return Record(key, False, tuple(values.items()))


def gone(key: str) -> Record:
    return Record(key, True, (), is_deleted=True)


def linked(one: str, other: str, key: str = "link") -> Decision:
    return Decision(key, "force_link", (one, other))


def parted(one: str, other: str, key: str = "part") -> Decision:
    return Decision(key, "force_unlink", (one, other))


def blocked(value: str, key: str = "block") -> Decision:
    return Decision(key, "block", (value,))


def taken_back(key: str) -> Decision:
    return Decision(key, "")


STORIES = [
    Story(
        "chain",
        [[person("a", email="1"), person("b", email="1", phone="1"), person("c", phone="1")]],
        ["a b c"],
        ["created"],
    ),
    Story(
        "fan_in",
        [
            [person("a", email="1"), person("b", email="2"), person("c", email="3")],
            [fact("x", email="1", user_id="1"), fact("y", email="2", user_id="1")],
            [fact("z", email="3", user_id="1")],
        ],
        ["a | b | c", "a b x y | c", "a b c x y z"],
        ["created created created", "merged", "merged"],
        keeps="a",
    ),
    Story(
        "fan_out",
        [
            [person("a", email="1", phone="1")],
            [fact("x", email="1", device_id="1"), fact("y", email="1", device_id="2")],
            [fact("z", device_id="2", anonymous_id="1")],
        ],
        ["a", "a x y", "a x y z"],
        ["created", "", ""],
        keeps="a",
    ),
    Story(
        "diamond",
        [
            [
                person("top", email="1", phone="1"),
                person("left", email="1", social_handle="1"),
                person("right", phone="1", loyalty_id="1"),
                person("bottom", social_handle="1", loyalty_id="1"),
            ]
        ],
        ["bottom left right top"],
        ["created"],
    ),
    Story(
        "long_chain_within_a_run",
        [
            [fact(f"k{n}", device_id=str(n), ga_client_id=str(n + 1)) for n in range(5)]
            + [fact(f"l{n}", ga_client_id=str(n), device_id=str(n)) for n in range(1, 5)]
        ],
        ["k0 k1 k2 k3 k4 l1 l2 l3 l4"],
        ["created"],
    ),
    Story(
        "long_chain_across_runs",
        [
            [person("a", email="1", phone="1")],
            [person("b", phone="1", social_handle="1")],
            [person("c", social_handle="1", device_id="1")],
            [person("d", device_id="1", email="2")],
        ],
        ["a", "a b", "a b c", "a b c d"],
        ["created", "", "", ""],
        keeps="a",
    ),
    Story(
        "two_disjoint_groups",
        [
            [person("a", email="1"), person("b", email="1")],
            [person("c", email="2"), person("d", email="2")],
        ],
        ["a b", "a b | c d"],
        ["created", "created"],
        keeps="a",
    ),
    Story(
        "merge_with_no_new_record",
        [
            [person("a", email="1"), person("b", email="2")],
            [person("b", email="1")],
        ],
        ["a | b", "a b"],
        ["created created", "merged"],
        keeps="a",
    ),
    Story(
        "reobserved_merged_id",
        [
            [person("a", email="1"), person("b", email="2")],
            [fact("x", email="1", user_id="1"), fact("y", email="2", user_id="1")],
            [fact("again", email="2")],
        ],
        ["a | b", "a b x y", "a again b x y"],
        ["created created", "merged", ""],
        keeps="a",
    ),
    Story(
        "self_bridge",
        [
            [person("a", email="1", phone="1")],
            [fact("x", email="1", user_id="1"), person("b", phone="1", email="1")],
        ],
        ["a", "a b x"],
        ["created", ""],
        keeps="a",
    ),
    Story(
        "absorbed_root_pointed_twice",
        [
            [person("a", email="1"), person("b", email="2"), person("c", email="3")],
            [fact("x", email="2", user_id="1"), fact("y", email="3", user_id="1")],
            [fact("z", email="1", user_id="1")],
        ],
        ["a | b | c", "a | b c x y", "a b c x y z"],
        ["created created created", "merged", "merged"],
        keeps="a",
    ),
    Story(
        "seven_into_one",
        [
            [person(f"p{n}", email=str(n)) for n in range(8)],
            [fact(f"x{n}", email=str(n), user_id="1") for n in range(8)],
        ],
        [
            " | ".join(f"p{n}" for n in range(8)),
            " ".join([f"p{n}" for n in range(8)] + [f"x{n}" for n in range(8)]),
        ],
        [" ".join(["created"] * 8), " ".join(["merged"] * 7)],
        keeps="p0",
    ),
    Story(
        "bridge_that_brings_a_new_id",
        [
            [person("a", email="1"), person("b", phone="1")],
            [person("x", email="1", phone="1", user_id="1")],
        ],
        ["a | b", "a b x"],
        ["created created", "merged"],
        keeps="a",
    ),
    Story(
        "three_way_bridge",
        [
            [person("a", email="1"), person("b", phone="1"), person("c", device_id="1")],
            [fact("x", email="1", phone="1", device_id="1")],
        ],
        ["a | b | c", "a b c x"],
        ["created created created", "merged merged"],
        keeps="c",
    ),
    Story(
        "interleaved_merges_through_merged_children",
        [
            [person(key, email=key) for key in "abcd"],
            [
                fact("v", email="a", device_id="1"),
                fact("w", email="b", device_id="1"),
                fact("x", email="c", device_id="2"),
                fact("y", email="d", device_id="2"),
            ],
            [fact("z", email="d", phone="1"), person("b", email="b", phone="1")],
        ],
        ["a | b | c | d", "a b v w | c d x y", "a b c d v w x y z"],
        ["created created created created", "merged merged", "merged"],
        keeps="a",
    ),
    Story(
        "a_phone_joins_no_two_accounts",
        [
            [fact("x", email="1", user_id="1"), fact("y", email="2", user_id="2")],
            [person("a", email="1", phone="1"), person("b", email="2", phone="1")],
            [person("c", phone="1")],
        ],
        ["x | y", "a x | b y", "a x | b y | c"],
        ["created created", "", "created"],
        keeps="x",
    ),
    Story(
        "late_bridge_that_predates_both",
        [
            [
                person("a", email="1", updated_at="2017-05-01"),
                person("b", phone="1", updated_at="2017-06-01"),
            ],
            [person("x", email="1", phone="1", updated_at="2016-01-01")],
        ],
        ["a | b", "a b x"],
        ["created created", "merged"],
        keeps="a",
    ),
    Story(
        "conflict_on_a_unique_identifier",
        [
            [fact("x", email="1", user_id="1"), fact("y", phone="1", user_id="2")],
            [person("a", email="1", phone="1")],
        ],
        # The phone is trusted less than the email, so it is the one to give way.
        ["x | y", "a x | y"],
        ["created created", ""],
        keeps="x",
    ),
    Story(
        "merged_profiles_gain_conflicting_unique_identifiers",
        [
            [person("a", email="1", phone="1"), person("b", email="2", phone="1")],
            [fact("x", email="1", user_id="1")],
            [fact("y", email="2", user_id="2")],
        ],
        ["a b", "a b x", "a x | b y"],
        ["created", "", "split"],
        keeps="a",
    ),
    Story(
        "family_phone",
        [
            [person("a", email="1", phone="1", first_name="robert")],
            [person("b", email="1", phone="1", first_name="bob")],
            [person("c", email="2", phone="1", first_name="susan")],
        ],
        ["a", "a b", "a b | c"],
        ["created", "", "created"],
        keeps="a",
    ),
    Story(
        "kiosk",
        [
            [fact("x", user_id="1", device_id="1"), fact("anyone", device_id="1")],
            [fact("y", user_id="2", device_id="1")],
        ],
        ["anyone x", "x | y"],
        ["created", "created"],
        keeps="x",
    ),
    Story(
        "a_browser_that_changes_hands_is_no_kiosk",
        [
            [
                fact("x", ga_client_id="1", email="1", updated_at="2015-01-01"),
                fact("y", ga_client_id="1", email="2", updated_at="2016-01-01"),
                fact("z", ga_client_id="1", email="3", updated_at="2017-01-01"),
                fact("p", ga_client_id="2", email="4", updated_at="2017-01-01"),
                fact("q", ga_client_id="2", email="5", updated_at="2017-01-02"),
                fact("r", ga_client_id="2", email="6", updated_at="2017-01-03"),
            ]
        ],
        ["p | q | r | x y z"],
        ["created created created created"],
    ),
    Story(
        "exclusive_ids_of_one_source_are_two_people",
        [
            [person("a", email="1", partner_contact_id="1"), person("b", email="1")],
            [person("b", email="1", partner_contact_id="2")],
        ],
        ["a b", "a | b"],
        ["created", "split"],
        keeps="a",
    ),
    Story(
        "shared_inbox",
        [
            [
                person("a", email="info", first_name="ann"),
                person("b", email="info", first_name="ann"),
                fact("x", email="info"),
            ]
        ],
        ["a | b"],
        ["created created"],
    ),
    Story(
        "recycled_phone_number",
        [
            [person("a", email="1", phone="1", first_name="george")],
            [person("b", email="2", phone="1", first_name="martha")],
        ],
        ["a", "a | b"],
        ["created", "created"],
        keeps="a",
    ),
    Story(
        "a_number_that_has_a_new_owner",
        [
            [person("a", email="1", phone="1", first_name="george", updated_at="2013-05-01")],
            [person("b", email="2", phone="1", first_name="martha", updated_at="2017-01-01")],
            [person("c", phone="1", first_name="martha", updated_at="2017-06-01")],
            [fact("x", phone="1", updated_at="2017-07-01")],
        ],
        # The number itself was george's: martha's profile is split from his.
        ["a", "a | b", "a | b c", "a | b c x"],
        ["created", "split", "", ""],
        keeps="a",
    ),
    Story(
        "slips_nicknames_and_initials_are_one_name",
        [
            [
                person("a", phone="1", first_name="katherine"),
                person("b", phone="1", first_name="kathreine"),
                person("c", phone="1", first_name="kate"),
                person("d", phone="1", first_name="k"),
            ]
        ],
        ["a b c d"],
        ["created"],
    ),
    Story(
        "an_initial_does_not_hide_a_second_name",
        [
            [
                person("a", phone="1", first_name="kate"),
                person("b", phone="1", first_name="karl"),
                person("c", phone="1", first_name="k"),
            ]
        ],
        ["a | b | c"],
        ["created created created"],
    ),
    Story(
        "a_name_of_one_word_tells_no_two_apart",
        [
            [
                person("a", phone="1", first_name="andrea", last_name="bentley"),
                person("b", phone="1", first_name="bentley", last_name=""),
            ]
        ],
        ["a b"],
        ["created"],
    ),
    Story(
        "mario_is_not_maria",
        [[person("a", phone="1", first_name="mario"), person("b", phone="1", first_name="maria")]],
        ["a | b"],
        ["created created"],
    ),
    Story(
        "junk_value",
        [
            [
                person("a", phone="=5555555555"),
                person("b", phone="=5555555555"),
                fact("x", anonymous_id="=null"),
                fact("y", device_id="=0000-0000", user_id="1"),
                fact("z", device_id="=0000-0000"),
            ]
        ],
        ["a | b | y"],
        ["created created created"],
    ),
    Story(
        "deleted_bridge",
        [
            [
                person("a", email="1"),
                person("b", phone="1"),
                person("x", email="1", phone="1"),
                fact("y", email="1"),
            ],
            [gone("x")],
        ],
        ["a b x y", "a y | b"],
        ["created", "split"],
        keeps="a",
    ),
    Story(
        "deleted_and_back",
        [
            [person("a", email="1")],
            [gone("a")],
            [person("a", email="1")],
        ],
        ["a", "", "a"],
        ["created", "erased", "created"],
        keeps="a",
    ),
    Story(
        "identifier_dropped_by_its_record",
        [
            [person("a", email="1", phone="1"), person("b", phone="1")],
            [person("a", email="1")],
        ],
        ["a b", "a | b"],
        ["created", "split"],
        keeps="a",
    ),
    Story(
        "a_dropped_value_that_another_takes_up",
        [
            [person("a", email="1")],
            [person("a", device_id="1")],
            [person("a")],
            [person("b", email="1", device_id="1")],
        ],
        ["a", "a", "a", "a | b"],
        ["created", "", "", "created"],
        keeps="a",
    ),
    Story(
        "a_value_that_changes_hands_in_one_run",
        [
            [person("a", email="1")],
            [person("a"), person("b", email="1")],
        ],
        ["a", "a | b"],
        ["created", "split"],
        keeps="a",
    ),
    Story(
        "the_living_outlive_an_older_erased_profile",
        [
            [person("a", email="1"), person("b", email="2")],
            [gone("a")],
            [person("b", email="1")],
            [person("a", email="3")],
        ],
        ["a | b", "b", "b", "a | b"],
        ["created created", "erased", "merged", "created"],
        keeps="b",
    ),
    Story(
        "a_merged_id_never_wakes",
        [
            [person("a", email="1"), person("b", email="2", phone="1")],
            [person("b", email="1")],
            [person("c", email="2", phone="1")],
        ],
        ["a | b", "a b", "a b | c"],
        ["created created", "merged", "created"],
        keeps="a",
    ),
    Story(
        "late_first_seen",
        [
            [person("a", email="1", updated_at="2017-05-01"), fact("x", email="1", user_id="1")],
            [fact("y", user_id="1", device_id="1", updated_at="2015-01-01")],
        ],
        ["a x", "a x y"],
        ["created", ""],
        keeps="a",
    ),
    Story(
        "idle_runs",
        [[person("a", email="1"), fact("x", email="1")], [], [], []],
        ["a x", "a x", "a x", "a x"],
        ["created", "", "", ""],
        keeps="a",
    ),
    Story(
        "only_what_bridges_gives_way",
        [
            [
                fact("x", email="1", user_id="1"),
                fact("y", email="2", user_id="2"),
                person("a", email="1", phone="1"),
                person("b", email="2", phone="1"),
                # This phone leads to no second account, and stays.
                person("c", email="1", phone="2"),
                person("d", phone="2"),
            ]
        ],
        ["a c d x | b y"],
        ["created created"],
    ),
    Story(
        "a_bridge_of_two_values_and_a_record_between",
        [
            [
                fact("x", email="1", user_id="1"),
                fact("y", email="2", user_id="2"),
                person("a", email="1", phone="1"),
                person("b", email="2", phone="2"),
                person("m", email="3", phone="1"),
                person("n", email="3", phone="2"),
            ]
        ],
        ["a x | b y | m n"],
        ["created created created"],
    ),
    Story(
        "a_refused_value_holds_no_facts_together",
        [
            [
                fact("x", user_id="1", email="1"),
                fact("y", user_id="2", shopify_customer_id="1"),
                fact("z", shopify_customer_id="1", email="1"),
                # Of the email's facts, these have nothing else in common.
                fact("p", email="1", device_id="1"),
                fact("q", email="1", device_id="2"),
            ]
        ],
        ["p | q | x | y z"],
        ["created created created created"],
    ),
    Story(
        "forced_link",
        [
            [person("a", email="1"), person("b", email="2")],
            [linked("a", "b")],
            [person("c", email="1")],
            [taken_back("link")],
        ],
        ["a | b", "a b", "a b c", "a c | b"],
        ["created created", "merged", "", "split"],
        keeps="a",
    ),
    Story(
        "forced_link_of_two_accounts",
        [
            [fact("x", email="1", user_id="1"), fact("y", email="2", user_id="2")],
            [linked("user_id=1", "user_id=2")],
            [fact("z", user_id="2", device_id="1")],
        ],
        ["x | y", "x y", "x y z"],
        ["created created", "merged", ""],
        keeps="x",
    ),
    Story(
        "a_forced_link_opens_no_door_beside_it",
        [
            [
                fact("x", email="1", user_id="1"),
                fact("y", email="2", user_id="2"),
                person("a", email="1", phone="1"),
                person("b", email="2", phone="1"),
                person("c", email="3"),
                linked("a", "c"),
            ]
        ],
        ["a c x | b y"],
        ["created created"],
    ),
    Story(
        "a_value_linked_by_hand_is_not_shared",
        [
            [
                person("a", email="info", first_name="ann"),
                person("b", email="info", first_name="bob"),
                fact("x", email="info"),
            ],
            [linked("a", "email=info")],
        ],
        ["a | b", "a b x"],
        ["created created", "merged"],
        keeps="a",
    ),
    Story(
        "unlink_override",
        [
            [person("a", email="1"), person("b", email="1")],
            [parted("a", "b")],
            [fact("x", email="1", device_id="1")],
        ],
        # What linked the two links nobody now.
        ["a b", "a | b", "a | b | x"],
        ["created", "split", "created"],
        keeps="a",
    ),
    Story(
        "a_record_parted_from_its_own_email",
        [
            [person("a", email="1", phone="1"), person("b", email="1"), person("c", phone="1")],
            [parted("a", "email=1")],
        ],
        ["a b c", "a c | b"],
        ["created", "split"],
        keeps="a",
    ),
    Story(
        "unmerge_followed_by_the_same_evidence_again",
        [
            [person("a", email="1"), person("b", email="2")],
            [fact("x", email="1", user_id="1"), fact("y", email="2", user_id="1")],
            [parted("a", "b")],
            [fact("z", email="1", user_id="1"), fact("w", email="2", user_id="1")],
        ],
        # The account stays with neither; both emails are left to their owners' records.
        ["a | b", "a b x y", "a | b | x y", "a | b | w x y z"],
        ["created created", "merged", "split split", ""],
        keeps="a",
    ),
    Story(
        "an_unmerge_taken_back",
        [
            [person("a", email="1"), person("b", email="1")],
            [parted("a", "b")],
            [taken_back("part")],
        ],
        ["a b", "a | b", "a b"],
        ["created", "split", "merged"],
        keeps="a",
    ),
    Story(
        "parted_though_a_friend_is_linked_by_hand",
        [
            [
                person("a", email="1"),
                person("b", email="1"),
                person("c", email="2"),
                linked("b", "c"),
                parted("a", "c"),
            ]
        ],
        ["a | b c"],
        ["created created"],
    ),
    Story(
        "newly_blocked_value",
        [
            [person("a", email="1", phone="1"), person("b", phone="1"), fact("x", email="1")],
            [blocked("phone=1")],
            [person("c", phone="1")],
            [taken_back("block")],
        ],
        ["a b x", "a x | b", "a x | b | c", "a b c x"],
        ["created", "split", "created", "merged merged"],
        keeps="a",
    ),
    Story(
        "split_ids_are_new_and_never_given_again",
        [
            [person("a", email="1", phone="1"), person("b", phone="1")],
            [person("a", email="1")],
            [gone("b")],
            [person("a", email="1", phone="2"), person("d", phone="2")],
        ],
        ["a b", "a | b", "a", "a d"],
        ["created", "split", "erased", ""],
        keeps="a",
    ),
]
