"""Move the API keys to the extension apikey, and back.

The two scripts need the extension, the Fernet key in the server's
apikey.fernet_key_source, and the privileges that setup.sql grants.
"""

import logging
import pathlib

from alembic import op

revision = "0002"
down_revision = "0001"


def show(connection, notice):
    logging.getLogger("alembic").info("%s:  %s", notice.severity, notice.message)


def run_script(name):
    """Run a script with asyncpg itself, since it has several statements, and so
    that no error repeats the whole script."""
    script = pathlib.Path(__file__).parent.parent / name

    async def run(connection):
        connection.add_log_listener(show)
        await connection.execute(script.read_text(encoding="utf-8"))

    op.get_bind().connection.dbapi_connection.run_async(run)


def upgrade():
    run_script("move_to_apikey.sql")


def downgrade():
    run_script("move_back.sql")
