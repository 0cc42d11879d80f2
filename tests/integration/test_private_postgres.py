"""The private PostgreSQL that other tests rely on is real, and its databases are apart."""

import psycopg


def test_two_databases_are_apart(new_database_url):
    first, second = new_database_url(), new_database_url()
    with psycopg.connect(first.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE only_here (n int)")
    with psycopg.connect(second.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'").fetchone()
    assert found == (0,)
