"""Make tar shards for training sets of the files of a manifest (the WebDataset convention).

    python -m scripts.shards MANIFEST.jsonl -o shards/ [--dir BASE] [--size 1000] [--field resized]

Each sample is the file and a `.json` with its line, named by the hash of its bytes. Lines of files
that are not there, and duplicates, are left out. A shard appears whole, or not at all.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from crawler.media.shards import samples_of, write_shards


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line, type=dict[str, Any])


def main() -> int:
    """Write the shards, and say what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--dir", type=Path, default=Path(), help="the job's base directory")
    parser.add_argument("--size", type=int, default=1_000, help="samples in a shard")
    parser.add_argument("--field", default="path", help="which file of a line: path, resized, ...")
    wish = parser.parse_args()
    if wish.size < 1:
        parser.error("--size is 1 or more")
    try:
        samples = samples_of(_lines(wish.manifest), wish.field)
        total = shards = 0
        for shard in write_shards(samples, wish.dir, wish.output, size=wish.size):
            total, shards = total + shard.samples, shards + 1
    except (OSError, msgspec.DecodeError) as error:
        print(f"shards: {wish.manifest}: {error}", file=sys.stderr)
        return 1
    print(f"{total:,} samples in {shards:,} shards in {wish.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
