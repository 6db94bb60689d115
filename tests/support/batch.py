"""A batch: reads its input, does as it is told, writes its result.

usage: batch.py RESULT MODE [INPUT]     modes: ok, fails, hangs, big, alternates
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main() -> None:
    result, mode = Path(sys.argv[1]), sys.argv[2]
    with result.open("a") as out:
        out.write(f"{os.getpid()}\n")
    if len(sys.argv) > 3:
        print(len(Path(sys.argv[3]).read_bytes()), "bytes read")
    if mode == "fails":
        print("bad line 7", file=sys.stderr)
        raise SystemExit(2)
    if mode == "alternates" and len(result.read_text().splitlines()) % 2 == 0:
        raise SystemExit(1)
    if mode == "hangs":
        if os.fork() == 0:
            os.setsid()
        time.sleep(60)
    if mode == "big":
        hold = bytearray(96 << 20)
        print(len(hold))
    if mode == "short":
        time.sleep(0.1)


if __name__ == "__main__":
    main()
