"""What people say of the results."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# On SQLite an INTEGER key is the row's own number, with no second index beside it.
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("position", POSITION, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("restaurant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("claim_id", sa.Text),
        sa.Column("review_id", sa.Text),
        sa.Column("aspect", sa.Text),
        sa.Column("correction", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("content_hash", sa.Text),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("feedback_by_restaurant", "feedback", ["tenant", "restaurant_id", "position"])
