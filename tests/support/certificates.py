"""Certificates for tests, made by openssl: an authority, a server, a client."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="apt install openssl")

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Papers:
    """Paths of PEM files; both certificates are signed by ``ca``, the server's is for localhost."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def server_context(self, *, wants_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


def papers(folder: Path) -> Papers:
    """All of them, new."""

    def openssl(*words: object) -> None:
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    openssl("req", "-x509", *_CURVE, "-days", 2, "-subj", "/CN=authority", "-keyout", ca_key,
            "-out", ca)  # fmt: skip
    made = {}
    for who in ("server", "client"):
        key, cert, request = (folder / f"{who}.{end}" for end in ("key", "pem", "csr"))
        extra = folder / f"{who}.ext"
        extra.write_text("subjectAltName=DNS:localhost\n")
        openssl("req", "-new", *_CURVE, "-subj", f"/CN={who}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial",
                "-days", 2, "-extfile", extra, "-out", cert)  # fmt: skip
        made[who], made[f"{who}_key"] = cert, key
    return Papers(ca, **made)
