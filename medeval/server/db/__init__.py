"""The server's database: tables, transactions, migrations."""
