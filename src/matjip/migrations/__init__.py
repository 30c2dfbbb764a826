"""The one history of the database's schema, shipped inside the package."""
