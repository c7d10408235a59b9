"""The real purchase lines: all of them arrive, each once, and no amount is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.demo.purchases import load
from demo.query import ask, one

CARRIED = Path(__file__).parents[3] / "data" / "complete_journey"


def real(table: str) -> str:
    return f"read_parquet('{CARRIED / table}.parquet')"


def test_the_carried_files_are_small() -> None:
    assert sum(file.stat().st_size for file in CARRIED.glob("*.parquet")) < 5_000_000


def test_every_real_line_is_sold_once_in_the_store_or_online(whole: Path) -> None:
    in_store = one(whole, "select count(*) from {pos.transaction_lines}")
    online = one(whole, "select count(*) from {shopify.order_line}")
    assert in_store + online == 75_000
    assert online > 10_000


def test_store_lines_are_the_real_ones(whole: Path) -> None:
    unknown = one(
        whole,
        f"""
        select count(*) from {{pos.transaction_lines}} as sold
        anti join {real("transactions_sample")} as real
            on sold.transaction_id = real.basket_id
            and sold.product_id = real.product_id
            and sold.quantity = real.quantity
            and round(sold.sales_value * 100) = round(real.sales_value * 100)
            and round(sold.retail_discount * 100) = round(real.retail_disc * 100)
            and round(sold.coupon_discount * 100) = round(real.coupon_disc * 100)
        """,
    )
    assert unknown == 0


def test_dollars_add_up_to_the_real_dollars(whole: Path) -> None:
    in_store = one(whole, "select sum(total) from {pos.transactions}")
    online = one(
        whole,
        """
        select sum(orders.total_price * coalesce(rates.rate, 1)) from {shopify.order} as orders
        left join {finance.fx_rates} as rates
            on rates.currency = orders.currency
            and rates.rate_date = cast(orders.created_at as date)
        """,
    )
    assert in_store + online == pytest.approx(load().sales.sum() / 100, abs=0.05)


@pytest.mark.parametrize(
    "difference",
    [
        "select max(abs(subtotal - discount - coupon_discount + tax - total))"
        " from {pos.transactions}",
        "select max(abs(total_line_items_price - total_discounts - subtotal_price))"
        " from {shopify.order}",
        "select max(abs(price * quantity - total_discount - pre_tax_price))"
        " from {shopify.order_line}",
        """select max(abs(total - lines.sales)) from {pos.transactions} as t join (
            select transaction_id, sum(sales_value) as sales from {pos.transaction_lines} group by 1
        ) as lines on lines.transaction_id = t.transaction_id""",
        """select max(abs(total_price - lines.sales)) from {shopify.order} as o join (
            select order_id, sum(pre_tax_price) as sales from {shopify.order_line} group by 1
        ) as lines on lines.order_id = o.id""",
    ],
)  # fmt: skip
def test_amounts_of_a_sale_agree(whole: Path, difference: str) -> None:
    assert one(whole, difference) < 0.01


@pytest.mark.parametrize(
    ("table", "carried"),
    [("coupon_redemptions", "coupon_redemptions"), ("campaign_targets", "campaigns")],
)
def test_real_redemptions_and_targets_are_all_responses(
    whole: Path, table: str, carried: str
) -> None:
    """Those of households that have purchase lines: one targeted household has none."""
    ours = one(whole, f"select count(*) from {{loyalty.{table}}}")
    theirs = f"""select count(*) from {real(carried)}
        where household_id in (select household_id from {real("transactions_sample")})"""
    assert ours == one(whole, theirs)


def test_canadians_are_charged_in_their_dollars(whole: Path) -> None:
    countries = ask(
        whole,
        "select distinct currency, shipping_address_country_code from {shopify.order} order by 1",
    )
    assert countries == [("CAD", "CA"), ("USD", "US")]
