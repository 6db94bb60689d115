"""What a finding says of where to look: threads, lines, heaps and classes of real targets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from perfstress.probes.stacks import py_spy
from tests.support.project import Project

pytestmark = pytest.mark.live

STUCK = """
import http.server, sys, threading, time

lock = threading.Lock()
served = 0


def take_the_lock():
    with lock:
        pass


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global served
        served += 1
        if served == 60:
            lock.acquire()
        take_the_lock()
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
"""

LEAKY = """
kept = {}


def op(i):
    kept[i] = f"{i:026d}" * 40
"""

LEAKY_JS = """
const kept = [];
exports.op = (i) => { kept.push(Buffer.alloc(4096, i % 256)); };
"""

# Without it each answer waits 40 ms for the client's acknowledgement of its head.
# A heap that grows by as much as is kept, not by doubling.
HEAP = (
    "-XX:+UseSerialGC", "-Xms16m", "-Xmx512m", "-Xmn4m",
    "-XX:MinHeapFreeRatio=2", "-XX:MaxHeapFreeRatio=5",
)  # fmt: skip
NO_DELAY = "-Dsun.net.httpserver.nodelay=true"
SHOP_JAVA = """
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

public class Shop {
    static class Order { final byte[] lines = new byte[262144]; }
    static final List<Order> kept = new ArrayList<>();

    public static void main(String[] words) throws Exception {
        int port = Integer.parseInt(words[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            kept.add(new Order());
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write(new byte[] {111, 107});
            exchange.close();
        });
        server.start();
    }
}
"""


def of(verdict: dict[str, Any], kind: str) -> dict[str, Any]:
    found = [finding for finding in verdict["findings"] if finding["class"] == kind]
    assert found, verdict["reasons"]
    return dict(found[0])


def hosted(project: Project, name: str, text: str, ops: int) -> None:
    """A soak of a function, of whose memory the limit is near."""
    (project.root / name).write_text(text)
    project.soak()
    document = project.document
    stem, _, language = name.partition(".")
    call = (
        {"python": {"call": f"{stem}:op"}}
        if language == "py"
        else {"node": {"call": f"./{name}#op"}}
    )
    document["target"] = {**call, "cwd": ".", "limits": {"memory": "256MiB"}}
    document["workload"] = {"calls": {}}
    document["production"] |= {"operations": ops, "horizon": "1d"}
    document["shape"] |= {
        "epochs": 4,
        "stages": [
            {"name": "warm-up", "users": 1, "ops": ops // 8, "warmup": True},
            {"name": "work", "users": 1, "ops": ops},
        ],
    }
    document["success"] = ["errors.count == 0", "memory.growth == none"]


def test_a_hang_tells_where_the_threads_stand(project: Project) -> None:
    if py_spy() is None:
        pytest.skip("no py-spy: pip install 'perfstress[profile]'")
    (project.root / "stuck.py").write_text(STUCK)
    project.document["target"] |= {"command": ["python", "stuck.py", "{port}"], "cwd": "."}
    project.document["shape"] = {
        "model": "closed",
        "seed": 1,
        "stages": [{"name": "all", "users": 4, "ops": 100_000}],
        "timeout": "1s",
    }
    code, verdict = project.verdict()
    assert code == 1
    assert "take_the_lock (stuck.py:" in of(verdict, "hang")["diagnosis"]


def test_memory_that_grew_tells_the_line_that_holds_it(project: Project) -> None:
    hosted(project, "leaky.py", LEAKY, 40_000)
    code, verdict = project.verdict()
    assert code == 1, verdict["reasons"]
    finding = of(verdict, "memory-growth")
    assert finding["confirmed"] is True
    assert "leaky.py:6: kept[i] = " in finding["diagnosis"]


def test_the_buffers_of_node_are_told_from_its_heap(project: Project) -> None:
    if shutil.which("node") is None:
        pytest.skip("no Node; install Node 20 or later")
    hosted(project, "leaky.js", LEAKY_JS, 16_000)
    _, verdict = project.verdict("--no-confirm")
    assert "memory of buffers grew by" in of(verdict, "memory-growth")["diagnosis"]


def test_the_classes_of_a_jvm_are_told(project: Project) -> None:
    if shutil.which("java") is None or shutil.which("jcmd") is None:
        pytest.skip("no JDK; install one, such as openjdk-17-jdk")
    Path(project.root / "Shop.java").write_text(SHOP_JAVA)
    project.soak()
    document = project.document
    document["target"] |= {
        "command": ["java", *HEAP, NO_DELAY, "Shop.java", "{port}"],
        "cwd": ".",
        "ready": {"port": "{port}", "within": "30s"},
    }
    document["production"] |= {"operations": 600}
    document["shape"] |= {
        "epochs": 4,
        "stages": [
            {"name": "warm-up", "users": 1, "ops": 75, "warmup": True},
            {"name": "work", "users": 1, "ops": 600},
        ],
    }
    document["success"] = ["errors.count == 0", "memory.growth == none"]
    code, verdict = project.verdict()
    assert code == 1, verdict["reasons"]
    assert "Shop$Order" in of(verdict, "memory-growth")["diagnosis"]
