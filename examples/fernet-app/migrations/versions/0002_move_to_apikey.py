"""Move the API keys to the extension apikey, and back.

The two scripts need the extension, the Fernet key in the server's
apikey.fernet_key_source, and the privileges that setup.sql grants.
"""

import logging
import pathlib

from alembic import op

revision = "0002"
down_revision = "0001"


def run_script(name):
    """Run a script with psycopg2 itself: a "%" or ":" in it is not a
    parameter, and no error repeats the whole script."""
    script = pathlib.Path(__file__).parent.parent / name
    connection = op.get_bind().connection
    with connection.cursor() as cursor:
        cursor.execute(script.read_text(encoding="utf-8"))
    for notice in connection.notices:
        logging.getLogger("alembic").info(notice.strip())


def upgrade():
    run_script("move_to_apikey.sql")


def downgrade():
    run_script("move_back.sql")
