"""https: the certificate is verified, and the times are taken as without it."""

import asyncio
import shutil
import ssl
import subprocess

import pytest

from tests.support.engine_drive import Script, drive, epoch, journey, run, step
from tests.support.knobs import whole

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="apt install openssl"),
]


@pytest.fixture
def certificate(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            key,
            "-out",
            cert,
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


def asked(certificate):
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def serve(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(whole(200, b"{}"))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def work():
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        what = Script("https", "localhost", port, "127.0.0.1", (journey("a", step("s")),))
        heard = await drive(what, [epoch(ops=20, level=2)])
        server.close()
        return heard

    return run(work())


def test_a_trusted_server_is_asked(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    heard = asked(certificate)
    assert (heard.of("a").ok, heard.of("a").errors) == (20, {})
    assert heard.opened == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_cannot_be_trusted_is_not(certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    heard = asked(certificate)
    assert (heard.of("a").ok, heard.of("a").errors) == (0, {"tls": 20})
    assert "certificate" in heard.done().troubles["tls"].lower()
