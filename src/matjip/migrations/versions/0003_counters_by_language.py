"""The counters tell languages and sources apart. They are a projection: emptied here, and filled again from the log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Ids sort by code point in every database, as they do in Python.
ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.execute("DELETE FROM counters_collections")
    op.execute("DELETE FROM counters_authors")
    op.drop_table("counters_opinions")
    op.drop_table("counters_aspects")
    op.create_table(
        "counters_opinions",
        sa.Column("collection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("review_id", ID, primary_key=True),
        sa.Column("author_id", sa.Text),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_table(
        "counters_aspects",
        sa.Column("collection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", ID, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("language", ID, primary_key=True),
        sa.Column("source", ID, primary_key=True),
        sa.Column("said", sa.Text, primary_key=True),
        sa.Column("reviews", sa.Integer, nullable=False),
    )
