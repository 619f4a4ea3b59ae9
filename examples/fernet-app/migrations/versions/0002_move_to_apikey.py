"""Move the API keys to the extension apikey, and back.

The two scripts need the extension, the Fernet key in the server's
apikey.fernet_key_source, and the rights that setup.sql grants.
"""

import importlib.util
import pathlib

from alembic import op

revision = "0002"
down_revision = "0001"

HERE = pathlib.Path(__file__).parent


def run_script(name):
    """As it stands: a "%" or ":" in it is no parameter."""
    script = (HERE.parent / name).read_text(encoding="utf-8")
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(script)


def first_revision():
    """The revision that has the table as it was."""
    spec = importlib.util.spec_from_file_location(
        "first", HERE / "0001_users_and_api_keys.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgrade():
    run_script("move_to_apikey.sql")


def downgrade():
    first_revision().create_api_keys()
    run_script("move_back.sql")
