"""Candidates of a judge, and which of them answers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PUBLISHED = sa.text("status = 'published'")


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("kind", ID, primary_key=True),
        sa.Column("version", ID, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column("agreed", sa.BigInteger, nullable=False),
        sa.Column("disagreed", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "models_one_published",
        "models",
        ["tenant", "kind"],
        unique=True,
        sqlite_where=PUBLISHED,
        postgresql_where=PUBLISHED,
    )
