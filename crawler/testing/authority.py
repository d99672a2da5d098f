"""A certificate authority for tests, by the `openssl` program: right and wrong certificates."""

from __future__ import annotations

import enum
import shutil
import ssl
import subprocess
from pathlib import Path

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

#: What `openssl ca` wants to know before it signs anything.
_CONFIG = """
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


class Certificate(enum.StrEnum):
    """What a server shows."""

    GOOD = "good"
    EXPIRED = "expired"
    OTHER_NAME = "other_name"  # for a host that is not the one
    SELF_SIGNED = "self_signed"
    UNTRUSTED = "untrusted"  # signed by an authority that nobody trusts


class CertificateAuthority:
    """Makes certificates for hosts on loopback.

    Args:
        folder: Where keys and certificates are kept; made if need be.

    Attributes:
        root: The file with the certificate to trust.

    Raises:
        FileNotFoundError: There is no `openssl`.
    """

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            raise FileNotFoundError("test certificates need the openssl program")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.root = self._root("root")
        self._untrusted: Path | None = None
        (folder / "index.txt").touch()
        (folder / "ca.conf").write_text(_CONFIG.format(folder=folder))

    def context(self, certificate: str, address: str, name: str) -> ssl.SSLContext:
        """Return what a server needs to speak TLS, with a certificate that is wrong as asked.

        Args:
            certificate: A `Certificate`.
            address: The server's IP address.
            name: The server's name.
        """
        kind = Certificate(certificate)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = f"IP:{address},DNS:{name}"
        if kind is Certificate.OTHER_NAME:
            names = "DNS:somewhere.else.test"
        stem = f"{address}-{kind}"
        if kind is Certificate.SELF_SIGNED:
            self._run("req", "-x509", "-days", "2", *self._request(stem, names))
        else:
            self._signed(stem, names, kind)
        made.load_cert_chain(self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        return made

    def _root(self, stem: str) -> Path:
        names = ("-subj", f"/CN=crawler test {stem}", "-keyout", f"{stem}.key")
        uses = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._run("req", "-x509", *_CURVE, "-days", "2", *names, *uses, "-out", f"{stem}.pem")
        return self._folder / f"{stem}.pem"

    def _request(self, stem: str, names: str) -> tuple[str, ...]:
        return (
            *_CURVE, "-subj", f"/CN={stem}"[:64], "-addext", f"subjectAltName={names}",
            "-keyout", f"{stem}.key", "-out", f"{stem}.pem",
        )  # fmt: skip

    def _signed(self, stem: str, names: str, kind: Certificate) -> None:
        signer = self.root
        if kind is Certificate.UNTRUSTED:
            signer = self._untrusted = self._untrusted or self._root("untrusted")
        self._run("req", *self._request(stem, names))
        dates = ("20200101000000Z", "20200102000000Z")
        if kind is not Certificate.EXPIRED:
            dates = ("20200101000000Z", "20491231235959Z")
        self._run(
            "ca", "-batch", "-notext", "-config", "ca.conf", "-cert", signer.name,
            "-keyfile", f"{signer.stem}.key", "-startdate", dates[0], "-enddate", dates[1],
            "-in", f"{stem}.pem", "-out", f"{stem}.signed",
        )  # fmt: skip
        (self._folder / f"{stem}.signed").replace(self._folder / f"{stem}.pem")

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)
