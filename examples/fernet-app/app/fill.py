"""Fill the old table of the application: python3 -m app.fill URL [COUNT]

Generates values in the right formats, and what a table accumulates over the
years: removed keys, the same name for several users, a removed key with the
name of an active one, values in a format that a provider no longer uses, and
one that was pasted with a line break.
"""

import asyncio
import datetime
import random
import string
import sys

from sqlalchemy.ext.asyncio import AsyncSession

from . import before

ALPHABET = string.ascii_letters + string.digits


def random_value(key_type):
    prefix, size, end = {
        "openai": ("sk-", 48, ""),
        "anthropic": ("sk-ant-api03-", 93, "AA"),
        "groq": ("gsk_", 52, ""),
        "gateway": ("", 32, ""),    # a type that apikey does not know
    }[key_type]
    return prefix + "".join(random.choices(ALPHABET, k=size)) + end


def random_times():
    created = before.now() - datetime.timedelta(
        seconds=random.randint(86400, 86400 * 900))
    return created, created + datetime.timedelta(
        seconds=random.randint(0, 80000), microseconds=random.randint(0, 999999))


def add_row(session, keys, name, key_type, value, is_active=True):
    created_at, updated_at = random_times()
    session.add(before.ApiKey(
        user_id=keys.user_id, name=name, key_type=key_type,
        encrypted_value=keys.encrypt(value), created_at=created_at,
        updated_at=updated_at, is_active=is_active))


async def fill(engine, count):
    async with AsyncSession(engine) as session, session.begin():
        users = [before.User(name="user %d" % (number % 190))
                 for number in range(200)]
        session.add_all(users)
        await session.flush()
        everybody = [before.Keys(engine, user.id) for user in users]
        for number in range(count - 4):
            keys = everybody[number % len(everybody)]
            key_type = random.choice(["openai", "anthropic", "groq", "gateway"])
            name = "default" if number < len(users) else "Schlüssel %d" % number
            add_row(session, keys, name, key_type, random_value(key_type),
                    is_active=number < len(users) or number % 7 != 0)
        add_row(session, everybody[0], "default", "openai",
                random_value("openai"), is_active=False)
        add_row(session, everybody[1], "old format", "openai",
                "".join(random.choices(ALPHABET, k=32)))
        add_row(session, everybody[2], "old format", "anthropic",
                random_value("openai"))
        add_row(session, everybody[3], "pasted", "groq",
                random_value("groq") + "\n")
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(fill(before.make_engine(sys.argv[1]),
                     int(sys.argv[2]) if len(sys.argv) > 2 else 1000))
