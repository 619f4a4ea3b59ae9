"""Write every key with its value: python3 -m app.export URL before|after

For comparison, in a file that nobody else can read: one line of JSON for
each key, sorted.  Values are trimmed, as apikey does when it stores one.
"""

import asyncio
import importlib
import json
import sys


async def export(url, name):
    module = importlib.import_module("app." + name)
    engine = module.make_engine(url)
    lines = []
    async for key in module.export(engine):
        key["value"] = key["value"].strip()
        lines.append(json.dumps(key, sort_keys=True))
    print("\n".join(sorted(lines)))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(export(*sys.argv[1:3]))
