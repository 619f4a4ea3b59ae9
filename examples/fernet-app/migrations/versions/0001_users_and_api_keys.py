"""Users and their API keys, as in the application's first version."""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False))
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON users TO app")
    op.execute("GRANT USAGE ON SEQUENCE users_id_seq TO app")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"),
                  nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key_type", sa.Text, nullable=False),
        sa.Column("encrypted_value", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False))
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO app")
    op.execute("GRANT USAGE ON SEQUENCE api_keys_id_seq TO app")


def downgrade():
    op.drop_table("api_keys")
    op.drop_table("users")
