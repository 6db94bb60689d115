"""The order service: one connection for its life, a channel for each message."""

import amqpstorm
import broker


def setup() -> None:
    """Connect to the broker, which allows 2,047 channels as RabbitMQ does."""
    global connection
    port = broker.serve(channel_max=2047)
    connection = amqpstorm.Connection("127.0.0.1", "guest", "guest", port=port, heartbeat=0)


def op(i: int) -> None:
    """Open a channel and close it again, as each message does."""
    channel = connection.channel()
    channel.close()
