/** The settings of every session of ours, independent of the defaults of server, database and role. */

/**
 * The contract's section 3: the same value has the same bytes in `full` and in `inc`. Also, our own SQL must mean the same
 * everywhere: with the old `standard_conforming_strings = off` a backslash in a table's name would be lost.
 */
const sameBytes = `
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
  SET extra_float_digits = 1; SET client_encoding = 'UTF8'; SET lc_monetary = 'C'; SET search_path = pg_catalog;
  SET quote_all_identifiers = off; SET xmlbinary = 'base64'; SET standard_conforming_strings = on;`

/** How long a session waits for a lock. As PostgreSQL reads it. */
export const lockTimeout = "10s"

/**
 * The server checks every few seconds that the client is still connected, so that an abandoned decode or copy ends. A silent
 * machine is given up after 30 s instead of the default two hours: until then it holds the writer's lock, and no standby can
 * take over. (No `tcp_user_timeout`: it would also end a copy whose reader waits for a slow lake.) No statement waits long
 * for a lock. Time limits of the role or the database, meant for short queries, do not apply: they would end a long copy.
 * If row-level security would hide rows from us, the server fails instead, because the copy would be incomplete. No commit
 * of ours waits for a standby. Servers before 14 or 17 lack some of these settings, and only Linux is sure to have the others.
 */
const safetyLimits = `
  SET lock_timeout = '${lockTimeout}'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '10min';
  SET row_security = off; SET synchronous_commit = local;
  SELECT set_config(name, wanted.value, false) FROM pg_settings JOIN (VALUES
    ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('client_connection_check_interval', '5s'),
    ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '4')
  ) AS wanted (name, value) USING (name)
   WHERE name IN ('idle_session_timeout', 'transaction_timeout') OR version() LIKE '%linux%';`

export const sessionSettings = sameBytes + safetyLimits
