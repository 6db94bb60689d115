"""Locust's fast user on ``/``, with an optional think time: run by the benchmarks, not by hand."""

import os
import resource

from locust import FastHttpUser, constant, events, task

THINK_S = float(os.environ.get("THINK_S", "0"))
_began = {"cpu_s": 0.0}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Asker(FastHttpUser):
    """Asks, and thinks where it is told to."""

    wait_time = constant(THINK_S)

    @task
    def ask(self) -> None:
        self.client.get("/")


@events.test_start.add_listener
def _start(**_: object) -> None:
    _began["cpu_s"] = _cpu_s()


@events.quitting.add_listener
def _told(environment, **_: object) -> None:
    total = environment.stats.total
    rate = total.num_requests / max(1e-9, total.last_request_timestamp - total.start_time)
    p99 = total.get_response_time_percentile(0.99)
    cpu_s = _cpu_s() - _began["cpu_s"]
    print(
        f"rate={rate} count={total.num_requests} failures={total.num_failures} "
        f"cpu_s={cpu_s} p99={p99}"
    )
