"""The record (log, rows, idempotency) and the analyses' results."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# On SQLite an INTEGER key is the row's own number, with no second index beside it.
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Ids sort by code point in every database, as they do in Python.
ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO log_head (id, position, at_us) VALUES (1, 0, 0)")
    op.create_table(
        "events",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("restaurant_id", sa.Text),
        sa.Column("review_id", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("events_by_review", "events", ["tenant", "restaurant_id", "review_id"])
    op.create_index("events_by_author", "events", ["tenant", "author_id"])
    op.create_table(
        "restaurants",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("id", ID, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("price_band", sa.Integer),
        sa.Column("address", sa.Text),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("deleted_us", sa.BigInteger),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("living_reviews", sa.Integer, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("restaurant_id", ID, primary_key=True),
        sa.Column("id", ID, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text),
        sa.Column("group_id", sa.Text),
        sa.Column("subgroup_id", sa.Text),
        sa.Column("rating", sa.Double),
        sa.Column("is_recommended", sa.Boolean),
        sa.Column("images", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("deleted_us", sa.BigInteger),
    )
    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
    )
    op.create_index("idempotency_by_time", "idempotency", ["at_us"])
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("restaurant_id", sa.Text, nullable=False),
        sa.Column("analysis", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("started_us", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.Float, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("reviews", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("stored", sa.Boolean, nullable=False),
        sa.Column("snapshot_hash", sa.Text),
    )
    op.create_index("runs_by_restaurant", "runs", ["tenant", "restaurant_id", "analysis", "started_us"])
    op.create_table(
        "results",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("restaurant_id", sa.Text, nullable=False),
        sa.Column("analysis", sa.Text, nullable=False),
        sa.Column("ask_hash", sa.Text, nullable=False),
        sa.Column("snapshot_hash", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("as_of_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("results_by_ask", "results", ["tenant", "restaurant_id", "analysis", "ask_hash", "as_of_us"])
