"""The page in a real browser, from file:// and without a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.reports import write_report
from perfstress.run import Run
from perfstress.verdict import Verdict
from tests.reports.test_html import hostile_run, hostile_verdict
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth
from tests.support.verdicts import FAILED, NOTHING

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=6000",
    "--window-size=1280,2000",
)
# Does to the page what a reader does, and writes how it went into the title.
USE = """
<script>
addEventListener("load", () => setTimeout(() => {
  const select = document.getElementById("route"), log = document.getElementById("log");
  if (select) for (const one of select.options) {
    select.value = one.value; select.dispatchEvent(new Event("change"));
  }
  if (log) for (let n = 0; n < 2; n += 1) log.click();
  for (const one of document.querySelectorAll("details")) one.open = true;
  dispatchEvent(new Event("beforeprint"));
  setTimeout(() => {
    const over = document.querySelector(".u-over");
    if (over) {
      const at = over.getBoundingClientRect();
      const act = (target, type, x) => target.dispatchEvent(new MouseEvent(type, {
        bubbles: true, clientX: at.left + x, clientY: at.top + 20, movementX: 9, view: window,
      }));
      act(over, "mousemove", 100); act(over, "mousedown", 100); act(over, "mousemove", 400);
      act(document, "mouseup", 400);
    }
    setTimeout(() => {
      const whole = document.getElementById("whole");
      const zoomed = whole ? !whole.hidden : false;
      if (whole) whole.click();
      const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
      document.body.dataset.seen = JSON.stringify({
        canvases: document.querySelectorAll("canvas").length,
        charts: document.querySelectorAll(".chart").length,
        zoomed, back: whole ? whole.hidden : true, wide, title: document.title,
      });
    }, 500);
  }, 500);
}, 500));
</script>
"""

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: apt-get install chromium"),
]


def opened(verdict: Verdict, run: Run, folder: Path) -> tuple[dict[str, object], list[str]]:
    """What the page became, and every line on its console."""
    path = folder / "report.html"
    write_report(verdict, run, path)
    path.write_text(path.read_text("utf-8").replace("</body>", f"{USE}</body>"), "utf-8")
    process = subprocess.Popen(
        [
            str(CHROMIUM),
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            path.as_uri(),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        dom, log = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        raise
    found = re.search(r'data-seen="([^"]*)"', dom)
    assert found, f"the page did not get to its end:\n{log}"
    seen: dict[str, object] = json.loads(html.unescape(found[1]))
    return seen, [line for line in log.splitlines() if "CONSOLE" in line]


def test_every_chart_is_drawn_and_the_console_is_silent(tmp_path: Path) -> None:
    truth = Truth(memory_bytes_per_op=900, fds_per_op=0.002, error_share=0.002, gauges=9)
    path = synthetic.soak(tmp_path / "run", truth, Layout(ops_per_epoch=4000))
    seen, console = opened(FAILED, runfile.read(path), tmp_path)
    assert console == []
    assert seen == {
        "canvases": seen["charts"],
        "charts": seen["charts"],
        "zoomed": True,
        "back": True,
        "wide": False,
        "title": "FAIL: checkout-soak",
    }
    assert int(str(seen["charts"])) >= 9


def test_a_spike_is_drawn_with_what_was_intended(tmp_path: Path) -> None:
    path = synthetic.spike(tmp_path / "run", Truth(dropped=3))
    seen, console = opened(FAILED, runfile.read(path), tmp_path)
    assert console == []
    assert seen["canvases"] == seen["charts"]


def test_hostile_names_do_nothing(tmp_path: Path) -> None:
    seen, console = opened(hostile_verdict(), hostile_run(tmp_path / "run"), tmp_path)
    assert console == []
    assert seen["title"] == "FAIL: checkout-soak"


def test_a_run_without_readings_opens(tmp_path: Path) -> None:
    run = runfile.read(synthetic.empty(tmp_path / "run"))
    seen, console = opened(NOTHING, run, tmp_path)
    assert console == []
    assert seen["canvases"] == 0
