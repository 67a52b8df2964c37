"""What more than one service needs: storage, settings, logs, errors, PostgreSQL. Imports no service."""
