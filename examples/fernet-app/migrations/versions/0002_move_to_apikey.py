"""Move the API keys to the extension apikey, and back.

The two scripts need the extension, the Fernet key in the server's
apikey.fernet_key_source, and the rights that setup.sql grants.
"""

import pathlib

from alembic import op

revision = "0002"
down_revision = "0001"


def run_script(name):
    """As it stands: a "%" or ":" in it is no parameter."""
    script = pathlib.Path(__file__).parent.parent / name
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(script.read_text(encoding="utf-8"))


def upgrade():
    run_script("move_to_apikey.sql")


def downgrade():
    run_script("move_back.sql")
