-- The role that afluente reads with, and nothing more than it needs. Run once, when the database is made.
\getenv password AFLUENTE_PASSWORD
CREATE ROLE afluente LOGIN REPLICATION PASSWORD :'password';
GRANT CONNECT ON DATABASE loja TO afluente;
GRANT USAGE ON SCHEMA db_loja TO afluente;
GRANT SELECT ON db_loja.cliente TO afluente;
