#!/usr/bin/python3
"""report.py RESULTS INSTRUCTIONS POSTGRESQL DIRECTORY

Writes benchmarks.md and benchmarks.svg into the directory, from what scripts/bench
has measured.
"""

import html
import json
import os
import pathlib
import platform
import re
import sys
import textwrap

TITLES = {
    "rounds": "Transactions per second",
    "reencryption": "Re-encryption, rows per second",
    "growth": "Transactions per second with many keys, and milliseconds of what counts them",
    "data-keys": "With many data keys",
    "user-keys": "Transactions per second with many keys of one user",
    "connections": "Transactions per second with many connections",
    "first-use": "First statement of a new connection, library preloaded",
    "first-use-without-preload": "First statement of a new connection, library not preloaded",
    "memory": "Private memory of a backend",
}

NOTES = {
    "rounds": "The ratio is to the first line of each group. `plain_...` is the same work on plain text"
              " under row-level security, with the same indexes. `reveal_one` is one statement,"
              " `SELECT apikey.reveal_key($1) FROM apikey.set_user_id($2)`; the others are four: BEGIN, the"
              " identity, the work, COMMIT. `pgcrypto_fast` has `s2k-mode=0, compress-algo=0`.",
    "reencryption": "`update` writes the same columns of a copy of the table, in batches of 1,000 rows.",
    "growth": "One client. `status()` and `key_status` are the first statement of a new connection.",
    "data-keys": "One client.",
    "user-keys": "One client; `list` reads all keys of the user.",
    "connections": "One transaction after the other on each connection.",
}


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    match = re.search(r"^model name\s*: (.*)", text, re.M)
    return match.group(1) if match else platform.machine()


def table(rows):
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows])


def instruction_rows(text):
    """The rows of bench-instructions, whose last two columns may be empty."""
    rows = []
    for line in text.splitlines()[1:]:
        work, plain, ours, *rest = line.split()
        rows.append({"work": work, "plain text": plain, "apikey": ours, "ratio": rest[0] if rest else ""})
    return rows


def bars(rows):
    """What the chart shows: one client, over a socket."""
    return [(f"{row['group']}: {row['work']}", row["tps"]) for row in rows
            if row["clients"] == 1 and row["over"] == "socket"]


def chart(rows):
    values = bars(rows)
    most = max(value for _, value in values)
    height = 22 * len(values) + 40
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif"'
             f' font-size="12" role="img" aria-label="Transactions per second">',
             '<rect width="100%" height="100%" fill="white"/>',
             '<text x="10" y="20" font-weight="bold">Transactions per second, one client</text>']
    for i, (name, value) in enumerate(values):
        y = 36 + 22 * i
        ours = "plain" not in name and "pgcrypto" not in name and "Fernet" not in name
        lines.append(f'<text x="250" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>'
                     f'<rect x="258" y="{y}" width="{420 * value / most:.0f}" height="16"'
                     f' fill="{"#1f6feb" if ours else "#b8c0cc"}"/>'
                     f'<text x="{264 + 420 * value / most:.0f}" y="{y + 12}">{value}</text>')
    return "\n".join(lines + ["</svg>"]) + "\n"


def document(results, instructions, version):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    parts = ["# Benchmarks", "",
             "Written by `make bench`, which [development.md](development.md) describes. Measured on",
             f"{version}, {platform.system()} {platform.release()},", f"{os.cpu_count()} processors ({processor()}),",
             f"{memory} GB of memory. `fsync` is off, so that the disk does not decide.", "",
             "![Transactions per second](benchmarks.svg)", "",
             "## Instructions", "",
             "What a backend executes for one transaction, counted by callgrind: the same on every machine of",
             "this architecture. The ratio is that of plain text to apikey; above 1, apikey costs less.", "",
             table(instruction_rows(instructions)), ""]
    for part, rows in results.items():
        parts += [f"## {TITLES[part]}", ""]
        if part in NOTES:
            parts += [textwrap.fill(NOTES[part], 100, break_on_hyphens=False), ""]
        parts += [table(rows), ""]
    return "\n".join(parts)


def main():
    results, instructions, version, directory = sys.argv[1:]
    results = json.loads(pathlib.Path(results).read_text())
    directory = pathlib.Path(directory)
    (directory / "benchmarks.svg").write_text(chart(results["rounds"]))
    (directory / "benchmarks.md").write_text(document(results, pathlib.Path(instructions).read_text(), version))


main()
