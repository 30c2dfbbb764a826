"""The newest runs of all restaurants, which tell how long the next will take."""

from alembic import op

revision = "0008"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("runs_by_time", "runs", ["started_us"])
