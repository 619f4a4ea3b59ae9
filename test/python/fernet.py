#!/usr/bin/python3
"""Python's side of test/t/120_fernet.pl, with Debian's python3-cryptography.

    fernet.py make DIR COUNT KEY...     write what the database is to read
    fernet.py check DIR KEY...          check what the database has written
    fernet.py vectors DIR               the same for the specification's vectors
    fernet.py fingerprints KEY...       the keys' fingerprints
    fernet.py encrypt KEY HEX           the token of these bytes
    fernet.py decrypt KEY TOKEN         its bytes, as hexadecimal digits

Files are in the text format of COPY; no field needs an escape.

    values.tsv      id, value as hexadecimal digits (UTF-8, 0 to 4096 bytes),
                    token; keys take turns, and each is a second older
    bytes.tsv       the same for values that are not text
    altered.tsv     id, an altered token, whether Python decrypts it
    aged.tsv        age in seconds, token
    vectors.tsv     the specification's: description, value as hexadecimal
                    digits if it is valid, token; their key is printed
    made.tsv        id, token that the database made from the value
    rotated.tsv     id, token that the database rotated
"""

import base64
import json
import os
import pathlib
import random
import re
import sys
import time

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VECTORS = pathlib.Path(
    "/usr/lib/python3/dist-packages/cryptography_vectors/fernet")

# Characters of one to four bytes in UTF-8; the first range is that of API keys.
RANGES = [(0x21, 0x7E), (0x01, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF),
          (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]


def random_text(size):
    """Text of exactly this many bytes."""
    low, high = random.choice(RANGES)
    text = "".join(chr(random.randint(low, high)) for _ in range(size))
    whole = text.encode()[:size].decode(errors="ignore").encode()
    return whole.ljust(size, b"x")


def write(directory, name, rows):
    with open(os.path.join(directory, name), "w", encoding="ascii") as file:
        for row in rows:
            file.write("\t".join(str(field) for field in row) + "\n")


def read(directory, name):
    with open(os.path.join(directory, name), encoding="ascii") as file:
        return [line.rstrip("\n").split("\t") for line in file]


# Versions of Python differ in how they treat text after the padding.
AFTER_PADDING = re.compile("=.*[A-Za-z0-9+/_-]", re.DOTALL)


def alter(token):
    """Change a token in one of the ways in which it might be damaged."""
    at = random.randrange(len(token) + 1)
    some = random.choice("Aw09-_+/= \n!%.\x01\x7f")
    changes = [
        lambda: token[:at] + some + token[at:],
        lambda: token[:at] + some + token[at + 1:],
        lambda: token[:at] + token[at + 1:],
        lambda: token[:at],
        lambda: token + some * random.randint(1, 5),
        lambda: token.rstrip("=") + "=" * random.randint(0, 4),
        lambda: token.replace("-", "+").replace("_", "/"),
        lambda: token.replace("=", ""),
        lambda: " ".join(token[i:i + 9] for i in range(0, len(token), 9)),
        lambda: "=" + token,
        lambda: token.rstrip("=")[:-1] + random.choice("ABCDEFGHwxyz") +
        "=" * token.count("="),
    ]
    text = random.choice(changes)()
    return alter(token) if AFTER_PADDING.search(text) else text


def is_valid(fernet, token):
    try:
        fernet.decrypt(token)
    except InvalidToken:
        return "f"
    return "t"


def make(directory, count, keys):
    fernets = [Fernet(key) for key in keys]
    several = MultiFernet(fernets)
    now = int(time.time())

    def token(number, value):
        return fernets[number % len(fernets)].encrypt_at_time(
            value, now - number).decode()

    values = [random_text(number % 4097) for number in range(count)]
    write(directory, "values.tsv",
          [(number, value.hex(), token(number, value))
           for number, value in enumerate(values)])
    others = [b"\x00", b"a\x00b", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3"] + \
        [os.urandom(200) for _ in range(95)]
    write(directory, "bytes.tsv",
          [(number, value.hex(), token(number, value))
           for number, value in enumerate(others)])
    altered = [alter(token(number, os.urandom(number % 40).hex().encode()))
               for number in range(count)]
    write(directory, "altered.tsv",
          [(number, text.encode().hex(), is_valid(several, text))
           for number, text in enumerate(altered)])
    write(directory, "aged.tsv",
          [(age, fernets[0].encrypt_at_time(b"aged", now - age).decode())
           for age in (-3600, -55, 0, 1000, 86400 * 31)])


def vectors(directory):
    """The specification's vectors, from Debian's package; all have one key.
    Those for generating are also tested for reading."""
    rows = []
    for name in ("generate", "verify", "invalid"):
        for vector in json.loads((VECTORS / (name + ".json")).read_text()):
            rows.append((vector.get("desc", "valid"),
                         vector.get("src", "").encode().hex(),
                         vector["token"], vector["secret"]))
    assert len({row[3] for row in rows}) == 1
    write(directory, "vectors.tsv", [row[:3] for row in rows])
    print(rows[0][3])


def fingerprint(key):
    """The fingerprint, as doc/format.md defines it."""
    return HKDF(hashes.SHA256(), 8, None, b"apikey/1/fernet/id").derive(
        base64.urlsafe_b64decode(key)).hex()


def check(directory, keys):
    """Fail on the first fault; print the number of rows checked."""
    several = MultiFernet([Fernet(key) for key in keys])
    first = Fernet(keys[0])
    values = {}
    tokens = {}
    checked = 0
    for name in ("values.tsv", "bytes.tsv"):
        for number, value, token in read(directory, name):
            values[name, number] = bytes.fromhex(value)
            tokens[name, number] = token
    now = int(time.time())
    for number, token in read(directory, "made.tsv"):
        assert first.decrypt(token, ttl=600) == values["values.tsv", number]
        assert abs(first.extract_timestamp(token) - now) < 600
        assert several.decrypt(token) == values["values.tsv", number]
        assert base64.urlsafe_b64encode(
            base64.urlsafe_b64decode(token)).decode() == token
        checked += 1
    for name, number, token in read(directory, "rotated.tsv"):
        before = tokens[name, number]
        assert token != before
        assert first.decrypt(token) == values[name, number]
        assert first.extract_timestamp(token) == \
            first.extract_timestamp(several.rotate(before))
        checked += 1
    print(checked)


def main(command, *arguments):
    if command == "make":
        make(arguments[0], int(arguments[1]), arguments[2:])
    elif command == "check":
        check(arguments[0], arguments[1:])
    elif command == "vectors":
        vectors(arguments[0])
    elif command == "fingerprints":
        print(", ".join(fingerprint(key) for key in arguments))
    elif command == "encrypt":
        print(Fernet(arguments[0]).encrypt(
            bytes.fromhex(arguments[1])).decode())
    elif command == "decrypt":
        print(Fernet(arguments[0]).decrypt(arguments[1].encode()).hex())


if __name__ == "__main__":
    main(*sys.argv[1:])
