"""The shop's endpoints, each with what it should do and what it should refuse."""

from __future__ import annotations

import csv
import io

import pytest

from checkout.tests.browser import Client

PAID = "4242424242424242"
DECLINED = "4000000000000002"


def test_a_page_of_products_has_twenty_with_prices(client: Client) -> None:
    answer = client.get("/products?page=60")
    assert answer.status_code == 200
    products = answer.json()["products"]
    assert [product["sku"] for product in products] == list(range(1181, 1201))
    assert all(product["price_cents"] > 0 for product in products)


@pytest.mark.parametrize(("page", "status"), [("61", 404), ("0", 400), ("-1", 400), ("x", 400)])
def test_there_is_no_other_page(client: Client, page: str, status: int) -> None:
    assert client.get(f"/products?page={page}").status_code == status


def test_a_login_gives_a_token_and_a_second_one_renews_it(client: Client) -> None:
    assert client.log_in("user0001") == client.log_in("user0001")
    assert client.log_in("user0001") != client.log_in("user0002")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"user": "user0001", "password": "wrong"}, 401),
        ({"user": "nobody", "password": "correct-horse"}, 401),
        ({"user": "user0001"}, 400),
        ({"user": "a b", "password": "correct-horse"}, 400),
        ([], 400),
    ],
)
def test_a_wrong_login_is_refused(client: Client, data: object, status: int) -> None:
    answer = client.post("/login", data)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_cart_counts_its_lines_and_replaces_a_quantity(client: Client) -> None:
    for sku, quantity, lines in [(5, 1, 1), (6, 2, 2), (5, 9, 2)]:
        answer = client.post("/cart", {"user": "user0001", "sku": sku, "quantity": quantity})
        assert (answer.status_code, answer.json()["lines"]) == (200, lines)


def test_a_cart_is_full_at_forty_lines(client: Client) -> None:
    for sku in range(1, 41):
        line = {"user": "user0001", "sku": sku, "quantity": 1}
        assert client.post("/cart", line).status_code == 200
    assert client.post("/cart", {"user": "user0001", "sku": 41, "quantity": 1}).status_code == 400
    assert (
        client.post("/cart", {"user": "user0001", "sku": 40, "quantity": 2}).json()["lines"] == 40
    )


@pytest.mark.parametrize(
    ("sku", "quantity", "status"),
    [(1201, 1, 404), (0, 1, 400), (5, 0, 400), (5, 1000, 400), ("5", 1, 400), (5, True, 400)],
)
def test_a_wrong_cart_line_is_refused(
    client: Client, sku: object, quantity: object, status: int
) -> None:
    line = {"user": "user0001", "sku": sku, "quantity": quantity}
    assert client.post("/cart", line).status_code == status


def test_a_paid_order_has_a_number_and_what_it_cost(client: Client) -> None:
    order = {"items": [{"sku": 5, "quantity": 2}, {"sku": 9, "quantity": 12}], "card": PAID}
    answer = client.post("/checkout", order, headers=client.log_in())
    assert answer.status_code == 201
    paid = answer.json()
    assert (paid["state"], paid["order_id"]) == ("paid", 1)
    assert paid["gross_cents"] == paid["net_cents"] + paid["tax_cents"]
    assert paid["discount_cents"] > 0


def test_a_declined_card_is_an_answer_and_makes_no_order(client: Client) -> None:
    order = {"items": [{"sku": 5, "quantity": 2}], "card": DECLINED}
    answer = client.post("/checkout", order, headers=client.log_in())
    assert (answer.status_code, answer.json()) == (402, {"state": "declined"})
    assert client.get("/export").text.count("\n") == 1
    order["card"] = PAID
    assert client.post("/checkout", order, headers=client.log_in()).json()["order_id"] == 1


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"items": [{"sku": 5, "quantity": 1}]}, 400),
        ({"items": [], "card": PAID}, 400),
        ({"items": [{"sku": n, "quantity": 1} for n in range(1, 42)], "card": PAID}, 400),
        ({"items": [{"sku": 5, "quantity": 1}, {"sku": 5, "quantity": 1}], "card": PAID}, 400),
        ({"items": [5], "card": PAID}, 400),
        ({"items": [{"sku": 5, "quantity": 1}], "card": "4242 4242"}, 400),
        ({"items": [{"sku": 4711, "quantity": 1}], "card": PAID}, 404),
    ],
)
def test_a_wrong_order_is_refused(client: Client, order: object, status: int) -> None:
    assert client.post("/checkout", order, headers=client.log_in()).status_code == status


@pytest.mark.parametrize(
    "header", [{}, {"authorization": "Bearer made-up"}, {"authorization": "x"}]
)
def test_nobody_checks_out_without_a_login(client: Client, header: dict[str, str]) -> None:
    order = {"items": [{"sku": 5, "quantity": 1}], "card": PAID}
    assert client.post("/checkout", order, headers=header).status_code == 401


def test_an_order_that_is_repeated_with_its_id_is_placed_once(client: Client) -> None:
    order = {"items": [{"sku": 5, "quantity": 1}], "card": PAID}
    headers = {**client.log_in(), "x-request-id": "a-broken-connection"}
    first = client.post("/checkout", order, headers=headers)
    second = client.post("/checkout", order, headers=headers)
    assert first.json() == second.json()
    assert client.get("/stats").json()["orders"] == 1


def test_a_body_that_is_too_long_is_refused(client: Client) -> None:
    assert client.post("/cart", {"user": "x" * 20_000}).status_code == 413


def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    assert client.post("/cart", content=b"{").status_code == 400


def test_the_export_has_the_orders_newest_first(client: Client) -> None:
    headers = client.log_in("user0003")
    for sku in (5, 6):
        client.post(
            "/checkout", {"items": [{"sku": sku, "quantity": 1}], "card": PAID}, headers=headers
        )
    answer = client.get("/export")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["order"], row["customer"]) for row in rows] == [
        ("2", "user0003"),
        ("1", "user0003"),
    ]


def test_the_statistics_count_what_was_done(client: Client) -> None:
    headers = client.log_in()
    for card in (PAID, DECLINED, PAID):
        client.post(
            "/checkout", {"items": [{"sku": 5, "quantity": 1}], "card": card}, headers=headers
        )
    client.get("/export")
    stats = client.get("/stats").json()
    assert {key: stats[key] for key in ("orders", "declined", "logins", "exports")} == {
        "orders": 2,
        "declined": 1,
        "logins": 1,
        "exports": 1,
    }


def test_the_metrics_have_every_series_from_the_start(client: Client) -> None:
    def series() -> set[str]:
        lines = client.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}

    before = series()
    client.get("/products?page=1")
    client.get("/nowhere")
    client.post("/cart", {})
    assert series() == before
    assert 'shop_requests_total{route="/products",status="2xx"}' in before
    assert 'shop_requests_total{route="other",status="4xx"}' in before


def test_a_shop_that_is_open_says_so(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/checkout").status_code == 405
    assert client.get("/nowhere").status_code == 404
