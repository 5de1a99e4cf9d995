"""Parties and relations in the formats of others: read with a quarantine, written with a report.

tables          what every reader gives and every writer takes; the checks all readers share
cells           text cells of a format to typed columns
columns         CSV and Parquet: everything that a fact says
neo4j           the two CSV files of `neo4j-admin database import`
graphml         GraphML with typed keys
followthemoney  FollowTheMoney entities, one a line
bods            Beneficial Ownership Data Standard 0.4, and reading its older form
"""
