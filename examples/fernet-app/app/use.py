"""Use the application: python3 -m app.use URL before|after

The same steps for both versions, as a user of the application would take them.
"""

import importlib
import sys

from .fill import random_value


def use(module, url):
    engine = module.make_engine(url)
    alice, bob = module.Keys(engine, 1), module.Keys(engine, 2)
    first, second = random_value("groq"), random_value("groq")

    before = alice.list()
    alice.add("tried", "groq", first)
    assert alice.value("tried") == first
    assert ("tried", "groq") in alice.list()
    assert ("tried", "groq") not in bob.list()
    bob.add("tried", "groq", second)
    assert alice.value("tried") == first
    alice.replace("tried", second)
    alice.rename("tried", "renamed")
    assert alice.value("renamed") == second
    assert bob.value("default") != alice.value("default")
    alice.remove("renamed")
    bob.remove("tried")
    assert alice.list() == before
    try:
        alice.value("renamed")
    except Exception as error:
        assert second not in str(error)
    else:
        raise AssertionError("a removed key is shown")


if __name__ == "__main__":
    use(importlib.import_module("app." + sys.argv[2]), sys.argv[1])
    print("works")
