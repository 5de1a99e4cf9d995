"""What is kept in a database: a module for each store, all on `headrace.adapters.sql_engines`."""
