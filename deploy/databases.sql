-- What the service `database` runs as the superuser: databases, their owners, and the owners' passwords.
\set ON_ERROR_STOP on
\getenv temporal TEMPORAL_DB_PASSWORD
\getenv latchkey LATCHKEY_DB_PASSWORD

SELECT format('CREATE ROLE %I', role) FROM (VALUES ('temporal'), ('latchkey')) AS wanted (role)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE temporal WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'temporal';
ALTER ROLE latchkey WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'latchkey';

SELECT format('CREATE DATABASE %I OWNER %I', name, role)
  FROM (VALUES ('temporal', 'temporal'), ('temporal_visibility', 'temporal'), ('latchkey', 'latchkey'))
    AS wanted (name, role)
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

-- Neither role reaches the databases of the other.
REVOKE ALL ON DATABASE temporal, temporal_visibility, latchkey, postgres FROM PUBLIC;
