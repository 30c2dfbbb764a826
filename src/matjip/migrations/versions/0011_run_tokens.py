"""How many tokens of a language model a run spent."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("runs", sa.Column("tokens", sa.BigInteger, nullable=False, server_default="0"))
