"""Run by Alembic: steps go over the connection that `upgrade` holds, in its transaction."""

from alembic import context

from headrace.adapters.web_schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
