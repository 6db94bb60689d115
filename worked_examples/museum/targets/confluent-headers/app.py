"""The edge agent: measurements go into the producer, whose queue is full while the link is down."""

from confluent_kafka import Producer

HEADERS = {"site": b"plant-0042", "trace-id": b"0123456789abcdef" * 4, "unit": b"celsius" * 10}

refused = 0


def setup() -> None:
    """Nobody listens on port 9: the queue takes one message and then refuses all others."""
    global producer
    producer = Producer(
        {
            "bootstrap.servers": "127.0.0.1:9",
            "queue.buffering.max.messages": 1,
            "message.timeout.ms": 604_800_000,
            "log_level": 0,
        }
    )
    offer(0)


def offer(number: int) -> bool:
    """Offer one measurement; whether the producer has taken it."""
    try:
        producer.produce("measurements", b"%d" % number, headers=HEADERS)
    except BufferError:
        return False
    return True


def op(i: int) -> None:
    """Offer one measurement, and drop it when there is no room, as the contract allows."""
    global refused
    if offer(i):
        raise ValueError("a full queue has taken a message")
    refused += 1
