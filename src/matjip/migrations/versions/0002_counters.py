"""What reviews say, counted by restaurant, month and aspect: a projection."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# Ids sort by code point in every database, as they do in Python.
ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "counters_collections",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "counters_collections_published",
        "counters_collections",
        ["name"],
        unique=True,
        sqlite_where=sa.text("published"),
        postgresql_where=sa.text("published"),
    )
    op.create_table(
        "counters_opinions",
        sa.Column("collection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("review_id", ID, primary_key=True),
        sa.Column("author_id", sa.Text),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_table(
        "counters_aspects",
        sa.Column("collection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("said", sa.Text, primary_key=True),
        sa.Column("reviews", sa.Integer, nullable=False),
    )
    op.create_table(
        "counters_authors",
        sa.Column("collection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("author_id", ID, primary_key=True),
        sa.Column("reviews", sa.Integer, nullable=False),
    )
