"""Use the application: python3 -m app.use URL before|after

The same steps for both versions, as a user of the application would take them.
"""

import asyncio
import importlib
import sys

from .fill import random_value


async def use(module, url):
    engine = module.make_engine(url)
    alice, bob = module.Keys(engine, 1), module.Keys(engine, 2)
    first, second = random_value("groq"), random_value("groq")

    before = await alice.list()
    await alice.add("tried", "groq", first)
    assert await alice.value("tried") == first
    assert ("tried", "groq") in await alice.list()
    assert ("tried", "groq") not in await bob.list()
    await bob.add("tried", "groq", second)
    assert await alice.value("tried") == first
    await alice.replace("tried", second)
    await alice.rename("tried", "renamed")
    assert await alice.value("renamed") == second
    assert await bob.value("default") != await alice.value("default")
    await alice.remove("renamed")
    await bob.remove("tried")
    assert await alice.list() == before
    try:
        await alice.value("renamed")
    except Exception as error:
        assert second not in str(error)
    else:
        raise AssertionError("a removed key is shown")
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(use(importlib.import_module("app." + sys.argv[2]), sys.argv[1]))
    print("works")
