"""Alembic's environment: online migrations, all in one transaction."""

import asyncio
import os
import pathlib
import sys
from logging.config import fileConfig

from alembic import context

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from app.after import Base, make_engine  # noqa: E402

fileConfig(context.config.config_file_name)


def include_name(name, type_, parents):
    """Keep autogenerate from touching the extension's schema."""
    return not (type_ == "schema" and name == "apikey")


def migrate(connection):
    context.configure(connection=connection, target_metadata=Base.metadata,
                      include_schemas=True, include_name=include_name)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = make_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
