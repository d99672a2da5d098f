"""Make tar shards for training sets of the files of a manifest (the WebDataset convention).

    python -m scripts.shards MANIFEST -o shards/ [--dir BASE] [--size 1000] [--field resized]

A manifest is JSONL, CSV or Parquet. Each sample is the file and a `.json` with its line, named by
the hash of its bytes. Lines without a file are left out, and the same bytes are taken once. A shard
appears whole, or not at all.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from crawler.errors import ConfigError
from crawler.media.crawl_lines import crawl_lines, place_of
from crawler.media.shards import samples_of, write_shards


def main() -> int:
    """Write the shards, and say what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    where = "the job's base directory; without it, where the files are found"
    parser.add_argument("--dir", type=Path, help=where)
    parser.add_argument("--size", type=int, default=1_000, help="samples in a shard")
    parser.add_argument("--field", default="path", help="which file of a line: path, resized, ...")
    wish = parser.parse_args()
    if wish.size < 1:
        parser.error("--size is 1 or more")
    base, manifest = wish.dir, wish.manifest
    try:
        samples = samples_of((line for _, line in crawl_lines(manifest)), wish.field)
        total = shards = 0
        place = partial(place_of, manifest) if base is None else lambda name: base / name
        for shard in write_shards(samples, place, wish.output, size=wish.size):
            total, shards = total + shard.samples, shards + 1
    except (OSError, ConfigError) as error:
        cure = "; --dir says where the job's files are" if isinstance(error, OSError) else ""
        print(f"shards: {str(error).removeprefix('error: ')}{cure}", file=sys.stderr)
        return 1
    if not total:
        said = f"no line of {manifest} has a file in its field {wish.field!r}"
        print(f"shards: {said}", file=sys.stderr)
        return 1
    print(f"{total:,} samples in {shards:,} shards in {wish.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
