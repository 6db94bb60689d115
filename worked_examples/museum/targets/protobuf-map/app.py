"""The service's configuration: one message with a map, in which each request looks keys up."""

from google.protobuf import struct_pb2

EVERY = 5

configuration = struct_pb2.Struct()


def key(number: int) -> str:
    """The name of a setting."""
    return f"configuration.key.number.{number:03d}"


def setup(keys: int = 100) -> None:
    """Fill the configuration."""
    for number in range(keys):
        configuration.fields[key(number)].number_value = number


def op(i: int) -> None:
    """One request looks up every fifth setting."""
    for number in range(0, len(configuration.fields), EVERY):
        if configuration.fields[key(number)].number_value != number:
            raise ValueError(f"request {i}: setting {number} is another one's")
