"""A real server: every request that was counted was served, with keep-alive and templates."""

import shutil

import pytest

from tests.benchmarks.bench import nginx
from tests.support.engine_drive import drive, epoch, journey, run, script, step

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in ("nginx", "taskset")),
        reason="apt install nginx util-linux",
    ),
]


def test_closed_and_open_against_nginx():
    with nginx() as port:
        what = script(
            port,
            journey("plain", step("s", path="/")),
            journey("checked", step("c", path="/x", expect={"json": {"n": 123456}})),
        )
        closed = epoch(0, level=16, ops=2000, mix={"plain": 3, "checked": 1})
        opened = epoch(1, model="open", level=1000, ops=500, mix={"plain": 3, "checked": 1}, seed=2)

        async def both():
            return await drive(what, [closed]), await drive(what, [opened])

        one, two = run(both())
    assert one.ops_by == {"plain": 1500, "checked": 500}
    assert two.ops_by == {"plain": 375, "checked": 125}
    for heard in (one, two):
        assert heard.of("plain").errors == heard.of("checked").errors == {}
    assert one.opened == 16
