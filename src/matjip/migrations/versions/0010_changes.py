"""Places for stored results in the order of their commits, for whoever follows them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "results_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO results_head (id, position) VALUES (1, 0)")
    op.add_column("runs", sa.Column("position", sa.BigInteger))
    op.create_index("runs_by_position", "runs", ["tenant", "position"])
