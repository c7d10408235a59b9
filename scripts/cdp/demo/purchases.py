"""The real purchase lines of data/complete_journey, and the baskets of a chunk of people.

The Complete Journey by 84.51° (CC0): a sample of the lines that 2,377 households bought
in 2017. A line's product, quantity and amounts are never changed. Amounts are integer
cents in memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from cdp.errors import ConfigError

__all__ = ["Baskets", "Purchases", "explode", "load", "take_baskets"]

Array = NDArray[Any]

_FOLDER = Path(__file__).parents[3] / "data" / "complete_journey"
_LINE = """cast(household_id as integer) as household, basket_id, store_id, product_id,
    cast(quantity as integer) as quantity,
    cast(transaction_timestamp as timestamp) as time,
    cast(round(sales_value * 100) as integer) as sales,
    cast(round(retail_disc * 100) as integer) as retail,
    cast(round(coupon_disc * 100) as integer) as coupon,
    cast(round(coupon_match_disc * 100) as integer) as coupon_match"""
_ORDER = "cast(household_id as integer), basket_id, product_id, sales_value, quantity"


@dataclass(frozen=True)
class Purchases:
    """The real lines, sorted by household and basket, with offsets into them."""

    households: Array  # household_id (int), sorted
    basket_offsets: Array  # household -> its first basket; one longer than households
    line_offsets: Array  # basket -> its first line; one longer than baskets
    basket_ids: Array
    store_ids: Array
    times: Array  # datetime64[us], of a basket
    products: dict[str, Array]  # the catalogue, one row a product sold; name and slug are ours
    product: Array  # line -> row of the catalogue
    quantity: Array
    sales: Array
    retail_discount: Array
    coupon_discount: Array
    coupon_match: Array
    stores: Array  # distinct store ids, sorted
    demographics: dict[int, dict[str, Any]]
    targets: dict[str, Array]  # household, campaign_id
    redemptions: dict[str, Array]
    campaigns: dict[str, Array]

    @property
    def line_totals(self) -> Array:
        """Cents of sales per basket."""
        return np.add.reduceat(self.sales, self.line_offsets[:-1])


@dataclass(frozen=True)
class Baskets:
    """The baskets of a chunk: one entry a basket, in the order of its people."""

    person: Array  # index into the chunk's people
    source: Array  # index into Purchases' baskets
    copy: Array  # 0: the household's own basket; else the person number it was copied for
    time: Array
    is_online: Array
    order_id: Array  # the shop's order id; 0 for a basket bought in a store
    cents: Array

    def select(self, mask: Array) -> Baskets:
        """The baskets that the mask keeps."""
        fields = ("person", "source", "copy", "time", "is_online", "order_id", "cents")
        return Baskets(**{field: getattr(self, field)[mask] for field in fields})


def explode(starts: Array, counts: Array) -> tuple[Array, Array]:
    """(owner, position) of every item, where owner i has counts[i] items from starts[i]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner] + starts[owner]


@lru_cache(maxsize=1)
def load(folder: Path = _FOLDER) -> Purchases:
    """Read the carried files. Raises ConfigError when one is missing."""
    if not (folder / "transactions_sample.parquet").is_file():
        raise ConfigError(
            f"{folder} does not hold transactions_sample.parquet: run `cdp demo` from a"
            " checkout of the repository, which carries the purchase lines"
        )
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return _read(connection, folder)


def _read(connection: duckdb.DuckDBPyConnection, folder: Path) -> Purchases:
    def fetch(table: str, select: str, order: str) -> dict[str, Array]:
        path = str(folder / f"{table}.parquet")
        query = f"select {select} from read_parquet(?) order by {order}"  # noqa: S608
        return dict(connection.execute(query, [path]).fetchnumpy())

    lines = fetch(
        "transactions_sample",
        _LINE,
        _ORDER,
    )
    first_of_basket = np.r_[True, lines["basket_id"][1:] != lines["basket_id"][:-1]]
    line_offsets = np.r_[np.flatnonzero(first_of_basket), len(first_of_basket)]
    basket_household = lines["household"][line_offsets[:-1]]
    households, first_basket = np.unique(basket_household, return_index=True)
    catalogue, product = _catalogue(
        fetch(
            "products",
            "* replace (if(product_id = '9e+05', '900000', product_id) as product_id)",
            "product_id",
        ),
        lines,
    )
    demographics = fetch("demographics", "*", "household_id")
    return Purchases(
        households=households,
        basket_offsets=np.r_[first_basket, len(line_offsets) - 1],
        line_offsets=line_offsets,
        basket_ids=lines["basket_id"][line_offsets[:-1]].astype(object),
        store_ids=lines["store_id"][line_offsets[:-1]].astype(object),
        times=lines["time"][line_offsets[:-1]].astype("datetime64[us]"),
        products=catalogue,
        product=product,
        quantity=lines["quantity"],
        sales=lines["sales"],
        retail_discount=lines["retail"],
        coupon_discount=lines["coupon"],
        coupon_match=lines["coupon_match"],
        stores=np.unique(lines["store_id"].astype(str)).astype(object),
        demographics={
            int(demographics["household_id"][row]): {
                column: _text(values[row]) for column, values in demographics.items()
            }
            for row in range(len(demographics["household_id"]))
        },
        targets=fetch(
            "campaigns", "cast(household_id as integer) as household, campaign_id", "all"
        ),
        redemptions=fetch(
            "coupon_redemptions",
            "cast(household_id as integer) as household, coupon_upc, campaign_id, redemption_date",
            "all",
        ),
        campaigns=fetch("campaign_descriptions", "*", "cast(campaign_id as integer)"),
    )


def _text(value: Any) -> str | None:
    return None if value is None or value is np.ma.masked else str(value)


def _catalogue(
    products: dict[str, Array], lines: dict[str, Array]
) -> tuple[dict[str, Array], Array]:
    """The products that were sold, with a typical price, and each line's row in them.

    Five of the products sold are missing from the published list: they keep their id.
    """
    ids, product = np.unique(lines["product_id"].astype(str), return_inverse=True)
    known = {str(value): row for row, value in enumerate(products["product_id"])}
    rows = [known.get(value) for value in ids]
    columns: dict[str, Array] = {"product_id": ids.astype(object)}
    for column, values in products.items():
        if column != "product_id":
            picked = [None if row is None else _text(values[row]) for row in rows]
            columns[column] = np.array(picked, dtype=object)
    columns["name"] = _names(columns["product_type"], columns["package_size"])
    columns["slug"] = _slugs(columns["product_category"])
    listed = (lines["sales"] + lines["retail"] + lines["coupon_match"]).astype(float)
    each = listed / np.maximum(lines["quantity"], 1)
    order = np.lexsort((each, product))
    first = np.searchsorted(product[order], np.arange(len(ids)))
    count = np.bincount(product, minlength=len(ids))
    columns["price_cents"] = np.maximum(np.round(each[order][first + count // 2]), 1)
    return columns, product


def _names(kinds: Array, sizes: Array) -> Array:
    """Readable names of products; None for the few that the published list lacks."""
    names = [
        None if kind is None else " ".join(filter(None, (kind.title(), size)))
        for kind, size in zip(kinds, sizes, strict=True)
    ]
    return np.array(names, dtype=object)


def _slugs(categories: Array) -> Array:
    """Categories as they stand in an address."""
    slugs = [re.sub(r"[^a-z0-9]+", "-", (name or "other").lower()) for name in categories]
    return np.array(slugs, dtype=object)


def take_baskets(
    purchases: Purchases,
    household: Array,
    number: Array,
    online_share: Array,
    latest: np.datetime64,
    rng: np.random.Generator,
) -> Baskets:
    """The baskets of a chunk's people: their household's own, each in one channel.

    household: index of each person's household, -1 for who never bought. A household
    that was already taken (number >= households) is a copy: one basket in ten is left
    out and the others are moved up to a week back, so that no two people are the same.
    """
    at = np.maximum(household, 0)
    counts = np.where(household >= 0, np.diff(purchases.basket_offsets)[at], 0)
    person, source = explode(purchases.basket_offsets[at], counts)
    is_copy = number[person] >= len(purchases.households)
    draws = rng.random((3, len(person)))
    days_back = np.where(is_copy, draws[0] * 7, 0).astype(int).astype("timedelta64[D]")
    time = purchases.times[source] - days_back
    in_store_only = _is_in_store_only(purchases)[source]
    is_online = (draws[1] < online_share[person]) & ~in_store_only
    copy = np.where(is_copy, number[person], 0)
    nth = np.arange(len(person)) - np.searchsorted(person, person)
    order_id = 4_000_000_000_000 + number[person] * 1000 + nth
    baskets = Baskets(
        person=person,
        source=source,
        copy=copy,
        time=time,
        is_online=is_online,
        order_id=np.where(is_online, order_id, 0),
        cents=purchases.line_totals[source],
    )
    return baskets.select((~is_copy | (draws[2] >= 0.1)) & (time < latest))


def _is_in_store_only(purchases: Purchases) -> Array:
    """Baskets with fuel, or with lines that no web shop has: no quantity, no value, or bulk."""
    fuel = purchases.products["department"] == "FUEL"
    odd = (purchases.quantity == 0) | (purchases.quantity > 100) | (purchases.sales == 0)
    odd |= fuel[purchases.product]
    return np.add.reduceat(odd.astype(int), purchases.line_offsets[:-1]) > 0
