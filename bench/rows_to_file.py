"""``python -m bench.rows_to_file TITLE WAY ROWS TARGET``: one export, in a process of its own.

`bench.rows` measures the memory of the process.
"""

from __future__ import annotations

import sys

from bench.exports import EXPORTS


def main() -> None:
    title, way, count, target = sys.argv[1:]
    make, ways = EXPORTS[title]
    with open(target, "wb") as file:
        for chunk in ways[way](make(int(count))):
            file.write(chunk)


if __name__ == "__main__":
    main()
