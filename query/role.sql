-- The role that afluente works as: what its commands need of PostgreSQL, and no more.
--
--     psql -v role=afluente -v schemas=db_loja -v tables=db_loja.cliente -f query/role.sql "$ADMIN_URL"
--
-- As a superuser, in the database with the tables. Several names stand with commas between them, and quoted as in SQL
-- where needed: -v schemas='db_loja, "Vendas"' -v tables='db_loja.cliente, "Vendas"."Pedido"'.
-- Safe to run again: a table that is named then can be read too.
-- The role has no password yet. `\password afluente` in psql gives it one that stands in no log.
--
-- It cannot write, create anything, or read other tables with SELECT. But REPLICATION is strong: through a slot the
-- role can read the changes of every table of every database that it may connect to, and where pg_hba.conf has a line
-- for the database "replication" that lets it in, copy the whole server. Give it a pg_hba.conf line of its own.
-- Any role may write a message of 1 GB into the WAL, which no slot can pass by. With -v messages=revoke as well, only
-- superusers may write messages in this database; leave it out where an application uses pg_logical_emit_message.
-- `init --demo` makes a schema, and is no work for this role.

-- psql ends with 3 at the first statement that fails; what was granted before it stays.
\set ON_ERROR_STOP on

-- @section role
-- LOGIN to connect, REPLICATION to make, read, move on and drop the slot.
SET afluente.role = :'role';
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_setting('afluente.role')) THEN
    EXECUTE format('CREATE ROLE %I', current_setting('afluente.role'));
  END IF;
END
$$;
ALTER ROLE :"role" LOGIN REPLICATION;
-- Everybody has this unless it was taken from them.
GRANT CONNECT ON DATABASE :"DBNAME" TO :"role";

-- @section tables
GRANT USAGE ON SCHEMA :schemas TO :"role";
GRANT SELECT ON :tables TO :"role";

-- @section messages
-- The function has another form from PostgreSQL 17 on: each that is there.
\if :{?messages}
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure)
  FROM pg_proc WHERE proname = 'pg_logical_emit_message' \gexec
\endif
