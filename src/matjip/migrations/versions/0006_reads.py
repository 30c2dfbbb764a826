"""How often each restaurant's results are read, by the hour."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "reads",
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("reads", sa.BigInteger, nullable=False),
    )
