"""The gateway for attachments: what comes in as CBOR goes out as CBOR."""

import cbor2


def setup(attachment_bytes: int = 1000) -> None:
    """An attachment of so many bytes."""
    global attachment
    attachment = bytes(range(251)) * (attachment_bytes // 251 + 1)
    attachment = attachment[:attachment_bytes]


def op(i: int) -> None:
    """Encode the attachment and decode it again."""
    message = {"id": i, "attachment": attachment}
    if cbor2.loads(cbor2.dumps(message)) != message:
        raise ValueError(f"{len(attachment)} bytes came back as others")
