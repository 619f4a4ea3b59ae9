#!/usr/bin/python3
"""Prints which keys a core dump contains, one name a line.

Arguments: the core dump, and a text that it must contain (prints "marker").
Standard input: "master KEY", "fernet KEY" (in base64, as in a key source), and
"data ID PURPOSE WRAPPED" (a row of data_keys, in hexadecimal) after the master key
that unwraps it.  Searched for: the keys and what doc/format.md derives from them, as
bytes, and keys that are read as text in base64 and hexadecimal too.
"""

import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unit"))
sys.dont_write_bytecode = True

from reimplement import derive, unwrap  # noqa: E402

URL_SAFE = str.maketrans("+/", "-_")

LABELS = {
    "fernet": (),
    "master": ("master/wrap", "master/nonce"),
    "data": ("data/encrypt", "data/fingerprint", "data/nonce"),
}


def text_forms(name, secret):
    for encode in sorted({base64.b64encode(secret)[:-2], base64.urlsafe_b64encode(secret)[:-2]}):
        yield name + " in base64", encode
    yield name + " in hexadecimal", secret.hex().encode()


def needles(lines):
    masters = []
    for line in lines:
        kind, *fields = line.split()
        if kind == "data":
            key_id, wrapped = bytes.fromhex(fields[0]), bytes.fromhex(fields[2])
            raw = unwrap_with(masters, key_id, fields[1].encode(), wrapped)
        else:
            raw = base64.urlsafe_b64decode(fields[0].translate(URL_SAFE))
            yield from text_forms("the %s key" % kind, raw)
        if kind == "master":
            masters.append(raw)
        for half in (raw[:16], raw[16:]):
            yield "half of the %s key" % kind, half
        for label in LABELS[kind]:
            yield label, derive(raw, "apikey/1/" + label)


def unwrap_with(masters, key_id, purpose, wrapped):
    for master in masters:
        try:
            return unwrap(master, key_id, purpose, wrapped)
        except Exception:  # another master key's
            continue
    raise SystemExit("no master key unwraps a data key")


def main():
    with open(sys.argv[1], "rb") as file:
        core = file.read()
    if sys.argv[2].encode() in core:
        print("marker")
    for name, needle in needles(sys.stdin):
        if needle in core:
            print(name)


main()
