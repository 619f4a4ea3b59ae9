#!/usr/bin/python3
"""Re-implements doc/format.md independently of the C sources, and checks the vectors.

Written from the document alone, on Debian's python3-cryptography.  Reads
test/vectors/envelope.txt and prints TAP.
"""

import base64
import os
import re
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.kbkdf import (
    CounterLocation, KBKDFCMAC, Mode)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
VECTORS = os.path.join(ROOT, "test", "vectors", "envelope.txt")
DOCUMENT = os.path.join(ROOT, "doc", "format.md")

HEADER = b"\x01\x01"            # version 1, suite 1


# The format

def derive(key, label, length=32):
    return HKDF(hashes.SHA256(), length, b"", label.encode()).derive(key)


def xaes_key(key, nonce):
    """The key of one message: NIST SP 800-108 in counter mode over CMAC."""
    return KBKDFCMAC(
        algorithms.AES, Mode.CounterMode, length=32, rlen=2, llen=None,
        location=CounterLocation.BeforeFixed, label=None, context=None,
        fixed=b"X\0" + nonce[:12]).derive(key)


def xaes_seal(key, nonce, plain, ad):
    return AESGCM(xaes_key(key, nonce)).encrypt(nonce[12:], plain, ad)


def xaes_open(key, nonce, sealed, ad):
    return AESGCM(xaes_key(key, nonce)).decrypt(nonce[12:], sealed, ad)


def pack(*fields):
    return b"".join(len(f).to_bytes(4, "big") + f for f in fields)


def master_id(master):
    return derive(master, "apikey/1/master/id", 8)


def wrap_ad(master, key_id, purpose):
    return HEADER + master_id(master) + pack(b"data key", key_id, purpose)


def wrap(master, key_id, purpose, nonce, raw):
    ad = wrap_ad(master, key_id, purpose)
    key = derive(master, "apikey/1/master/wrap")
    return HEADER + master_id(master) + nonce + xaes_seal(key, nonce, raw, ad)


def unwrap(master, key_id, purpose, wrapped):
    if len(wrapped) != 82 or wrapped[:2] != HEADER:
        raise ValueError("not a wrapped data key")
    key = derive(master, "apikey/1/master/wrap")
    ad = wrapped[:10] + pack(b"data key", key_id, purpose)
    return xaes_open(key, wrapped[10:34], wrapped[34:], ad)


def value_context(user_id, key_id, key_type, name):
    return pack(b"value", user_id, key_id, key_type, name)


def column_context(name):
    return pack(b"column", name)


def seal(raw, data_key_id, context, nonce, value):
    header = HEADER + data_key_id
    key = derive(raw, "apikey/1/data/encrypt")
    return header + nonce + xaes_seal(key, nonce, value, header + context)


def unseal(raw, context, envelope):
    if not 58 <= len(envelope) <= 58 + 2 ** 26 or envelope[:2] != HEADER:
        raise ValueError("not an envelope")
    key = derive(raw, "apikey/1/data/encrypt")
    return xaes_open(key, envelope[18:42], envelope[42:],
                     envelope[:18] + context)


def to_text(envelope):
    return "ak1." + base64.urlsafe_b64encode(envelope).decode().rstrip("=")


def fingerprint(raw, value):
    mac = hmac.HMAC(derive(raw, "apikey/1/data/fingerprint"), hashes.SHA256())
    mac.update(value)
    return mac.finalize()[:16]


# The checks

class Tap:
    count = 0
    failed = 0

    def ok(self, passed, name):
        self.count += 1
        self.failed += not passed
        print("%s %d - %s" % ("ok" if passed else "not ok", self.count, name))


def read_vectors(path):
    """Sections of name = value; hex, or text in double quotes."""
    sections = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if line.startswith("["):
                section = sections.setdefault(line.strip("[]"), {})
            elif line and not line.startswith("#"):
                name, value = line.split(" =", 1)
                value = value.strip()
                if value.startswith('"'):
                    section[name] = value[1:-1].encode()
                else:
                    section[name] = bytes.fromhex(value)
    return sections


def refuses(function, *arguments):
    try:
        function(*arguments)
    except (InvalidTag, ValueError):
        return True
    return False


def check_keys(tap, master, key, purpose):
    raw, key_id = key["raw"], key["id"]
    tap.ok(derive(raw, "apikey/1/data/encrypt") == key["encrypt_key"],
           purpose + ": encryption key")
    tap.ok(derive(raw, "apikey/1/data/fingerprint") == key["fingerprint_key"],
           purpose + ": fingerprint key")
    tap.ok(wrap_ad(master, key_id, purpose.encode()) == key["wrap_ad"],
           purpose + ": associated data of the wrap")
    tap.ok(wrap(master, key_id, purpose.encode(), key["wrap_nonce"], raw) ==
           key["wrapped"], purpose + ": wrapped")
    tap.ok(unwrap(master, key_id, purpose.encode(), key["wrapped"]) == raw,
           purpose + ": unwrapped")
    tap.ok(refuses(unwrap, master, key_id, b"other", key["wrapped"]),
           purpose + ": another purpose does not open")


def check_envelope(tap, name, vector, key, context):
    raw = key["raw"]
    tap.ok(context == vector["context"], name + ": context")
    tap.ok(HEADER + key["id"] + context == vector["ad"],
           name + ": associated data")
    tap.ok(seal(raw, key["id"], context, vector["nonce"], vector["value"]) ==
           vector["envelope"], name + ": sealed")
    tap.ok(unseal(raw, context, vector["envelope"]) == vector["value"],
           name + ": opened")
    tap.ok(refuses(unseal, raw, context + b"x", vector["envelope"]),
           name + ": another context does not open")
    tap.ok(to_text(vector["envelope"]).encode() == vector["text"],
           name + ": text form")
    tap.ok(fingerprint(raw, vector["value"]) == vector["fingerprint"],
           name + ": fingerprint")


def check_document(tap):
    """The document shows every vector, and no others."""
    with open(VECTORS, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    with open(DOCUMENT, encoding="utf-8") as file:
        shown = re.findall(r"^```vectors\n(.*?)^```$", file.read(),
                           re.MULTILINE | re.DOTALL)
    shown_lines = "".join(shown).split("\n")
    wanted = [line for line in lines if line and not line.startswith("#")]
    tap.ok(len(wanted) > 30, "the vectors are there")
    tap.ok([line for line in shown_lines if line] == wanted,
           "doc/format.md shows exactly these vectors")


def main():
    tap = Tap()
    vectors = read_vectors(VECTORS)
    master = vectors["master key"]["raw"]
    value_key = vectors["data key of values"]
    column_key = vectors["data key of columns"]

    tap.ok(derive(master, "apikey/1/master/wrap") ==
           vectors["master key"]["wrap_key"], "wrapping key")
    tap.ok(master_id(master) == vectors["master key"]["id"], "master key id")
    check_keys(tap, master, value_key, "value")
    check_keys(tap, master, column_key, "column")
    tap.ok(derive(vectors["fernet key"]["raw"], "apikey/1/fernet/id", 8) ==
           vectors["fernet key"]["id"], "Fernet key id")
    for name in ("stored key", "stored key, beyond ASCII"):
        vector = vectors[name]
        context = value_context(vector["user_id"], vector["id"],
                                vector["key_type"], vector["name"])
        check_envelope(tap, name, vector, value_key, context)
    for name in ("column", "column, empty value"):
        vector = vectors[name]
        check_envelope(tap, name, vector, column_key,
                       column_context(vector["context_name"]))
    tap.ok(sorted(vectors) == sorted([
        "master key", "data key of values", "data key of columns",
        "stored key", "stored key, beyond ASCII", "column",
        "column, empty value", "fernet key"]), "no vector is left unchecked")
    check_document(tap)
    print("1..%d" % tap.count)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
