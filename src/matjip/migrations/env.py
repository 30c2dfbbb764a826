"""Where Alembic meets the database: always inside the transaction that `Database.migrate` opened."""

from alembic import context

from matjip.database import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
