"""What must fit together before anybody is asked: the files of `fetch.tls`, origins said twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crawler.config.named_files import named_file, similar_file
from crawler.config.nodes import MapNode, Node, ScalarNode
from crawler.errors import Problem
from crawler.policy.access import origin_of


def check_access(root: MapNode, job_file: Path) -> Iterator[Problem]:
    """Yield what is wrong with `fetch.auth` and `fetch.tls`, shapes aside."""
    fetch = root.get("fetch")
    if not isinstance(fetch, MapNode):
        return
    yield from _check_twice(fetch.get("auth"), "fetch.auth")
    tls = fetch.get("tls")
    if not isinstance(tls, MapNode):
        return
    own = tls.get("client_certs")
    yield from _check_twice(own, "fetch.tls.client_certs")
    authority = _file(tls.get("ca_file"), job_file)
    if authority is not None:
        yield from _check_authority(*authority)
    for name, entry in own.entries.items() if isinstance(own, MapNode) else ():
        if isinstance(entry.value, MapNode):
            yield from _check_pair(entry.value, f"fetch.tls.client_certs.{name}", job_file)


def _check_twice(node: Node | None, where: str) -> Iterator[Problem]:
    """Two spellings of one origin would be two secrets, of which one wins by chance."""
    if not isinstance(node, MapNode):
        return
    first: dict[str, str] = {}
    for name, entry in node.entries.items():
        try:
            origin = origin_of(name)
        except ValueError:  # said elsewhere
            continue
        if origin in first:
            yield entry.key.problem(f"{where}: {name} is the same origin as {first[origin]}")
        first.setdefault(origin, name)


def _file(node: Node | None, job_file: Path) -> tuple[ScalarNode, Path] | None:
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        return None
    return node, named_file(node.value, node.place, job_file)


def _missing(node: ScalarNode, file: Path, where: str) -> Iterator[Problem]:
    if not file.is_file():
        yield node.place.problem(f"{where}: there is no file {file}", similar_file(file))


def _check_authority(node: ScalarNode, file: Path) -> Iterator[Problem]:
    import ssl

    where = "fetch.tls.ca_file"
    if missing := list(_missing(node, file, where)):
        yield from missing
        return
    try:
        ssl.create_default_context().load_verify_locations(file)
    except (OSError, ValueError):  # as an error of TLS is, too
        yield node.place.problem(f"{where}: {file} holds no certificate that can be read (PEM)")


def _check_pair(pair: MapNode, where: str, job_file: Path) -> Iterator[Problem]:
    import ssl

    cert, key = _file(pair.get("cert"), job_file), _file(pair.get("key"), job_file)
    missing = [
        problem
        for name, one in (("cert", cert), ("key", key))
        if one is not None
        for problem in _missing(*one, f"{where}.{name}")
    ]
    yield from missing
    if missing or cert is None or key is None:
        return
    try:
        # No password, rather than a question on the terminal.
        ssl.create_default_context().load_cert_chain(cert[1], key[1], password="")
    except (OSError, ValueError) as error:
        why = str(getattr(error, "reason", None) or "").replace("_", " ").lower()
        said = f"{where}: certificate and key cannot be used{why and f': {why}'}"
        yield cert[0].place.problem(said, "PEM is wanted, and a key without a password")
