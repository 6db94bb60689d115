"""What an invoice comes to."""

from __future__ import annotations

import pytest

from checkout import pricing


@pytest.mark.parametrize(
    ("lines", "net", "discount", "tax"),
    [
        ([], 0, 0, 0),
        ([(1000, 1, 0)], 1000, 0, 210),
        ([(1000, 1, 1)], 1000, 0, 90),
        ([(1000, 1, 2)], 1000, 0, 0),
        ([(1000, 9, 0)], 9000, 0, 1890),
        ([(1000, 10, 0)], 9500, 500, 1995),  # many of one thing: 5 % off
        ([(49_999, 1, 0)], 49_999, 0, 10_500),  # 10,499.79 rounded once
        ([(50_000, 1, 0)], 49_000, 1000, 10_290),  # a large invoice: 2 % off
        ([(5, 1, 1)], 5, 0, 0),  # 0.45 cents of tax
        ([(6, 1, 1)], 6, 0, 1),  # 0.54 cents of tax
        ([(100, 1, 0), (100, 1, 1), (100, 1, 2)], 300, 0, 30),
    ],
)
def test_the_sums_of_an_invoice(
    switched_on: frozenset[str], lines: list[pricing.Line], net: int, discount: int, tax: int
) -> None:
    invoice = pricing.price(lines)
    assert invoice.as_json() == {
        "net_cents": net,
        "discount_cents": discount,
        "tax_cents": tax,
        "gross_cents": net + tax,
    }


def test_the_year_end_run_prices_the_same_invoices_again(switched_on: frozenset[str]) -> None:
    pricing.setup(invoice_lines=40)
    first = [pricing.price_invoice(i) for i in (0, 1, 4095, 4096, 4097)]
    assert first[0] == first[3]
    assert first[1] == first[4]
    assert len(set(first)) == 3
    pricing.setup(invoice_lines=40)
    assert [pricing.price_invoice(i) for i in (0, 1, 4095, 4096, 4097)] == first


def test_an_invoice_has_as_many_lines_as_was_asked_for(switched_on: frozenset[str]) -> None:
    pricing.setup(invoice_lines=1)
    one = pricing.price_invoice(0)
    pricing.setup(invoice_lines=2)
    assert pricing.price_invoice(0) > one
