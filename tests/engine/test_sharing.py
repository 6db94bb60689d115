"""Nothing is lost or doubled when a number is divided over processes."""

from hypothesis import given
from hypothesis import strategies as st

from perfstress.engine.sharing import share, share_of_work


@given(st.integers(0, 10**6), st.integers(1, 64))
def test_shares_add_up_and_differ_by_one_at_most(count, parts):
    shares = [share(count, part, parts) for part in range(parts)]
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1


@given(st.integers(1, 10**6), st.integers(1, 200), st.integers(1, 64))
def test_work_goes_to_users(ops, users, parts):
    work = [share_of_work(ops, users, part, parts) for part in range(parts)]
    hands = [share(users, part, parts) for part in range(parts)]
    assert sum(work) == ops
    for mine, mine_of_users in zip(work, hands, strict=True):
        assert mine_of_users or not mine
        assert abs(mine - ops * mine_of_users / users) <= 1


def test_no_user_no_work():
    assert share_of_work(10, 0, 0, 2) == 0
