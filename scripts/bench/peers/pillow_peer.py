"""`requests` and Pillow in a pool of threads: the picture script everybody writes first.

`pillow_peer.py LIST OUT THREADS`, in a venv that has requests and pillow.
"""

# mypy: ignore-errors
# Runs where requests is installed, which the project is not.

from __future__ import annotations

import hashlib
import io
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from PIL import Image

_OWN = threading.local()


def _session():
    if not hasattr(_OWN, "session"):
        _OWN.session = requests.Session()
        _OWN.session.trust_env = False
    return _OWN.session


def fetch(url, out):
    """Return the line of one picture."""
    try:
        body = _session().get(url, timeout=30).content
        name = hashlib.sha256(body).hexdigest()
        image = Image.open(io.BytesIO(body)).convert("RGB")
        image.thumbnail((256, 256))
        image.save(out / f"{name}.jpg", quality=90)
    except Exception as error:  # noqa: BLE001 - as such scripts do
        return {"url": url, "error": str(error)}
    return {"url": url, "sha256": name, "width": image.width, "height": image.height}


def main():
    """Fetch a list."""
    urls = Path(sys.argv[1]).read_text().split()
    out = Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(int(sys.argv[3])) as pool, (out / "lines.jsonl").open("w") as lines:
        for line in pool.map(lambda url: fetch(url, out), urls):
            lines.write(json.dumps(line) + "\n")


main()
