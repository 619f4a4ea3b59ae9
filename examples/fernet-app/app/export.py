"""Write every key with its value: python3 -m app.export URL before|after

For comparison, in a file that nobody else can read: one line of JSON for
each key, sorted.  Values are trimmed, as apikey does when it stores one.
"""

import importlib
import json
import sys


def lines(url, name):
    module = importlib.import_module("app." + name)
    for key in module.export(module.make_engine(url)):
        key["value"] = key["value"].strip()
        yield json.dumps(key, sort_keys=True)


if __name__ == "__main__":
    print("\n".join(sorted(lines(*sys.argv[1:3]))))
