/** What every session of ours sets, whatever the defaults of server, database and role are. */

/**
 * The contract's section 3: the same value has the same bytes in `full` and in `inc`. And the text of our own SQL means
 * the same everywhere: with the old `standard_conforming_strings = off` a backslash in a table's name would be lost.
 */
const sameBytes = `
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
  SET extra_float_digits = 1; SET client_encoding = 'UTF8'; SET lc_monetary = 'C'; SET search_path = pg_catalog;
  SET quote_all_identifiers = off; SET xmlbinary = 'base64'; SET standard_conforming_strings = on;`

/**
 * A busy server must be able to forget us: it looks every few seconds if the client is still there, so that a decode or
 * a copy nobody waits for ends by itself. A machine that went silent is given up after 30 s and not, as by default,
 * after two hours: till then it holds the writer's lock, and no standby can take over. (No `tcp_user_timeout`: it would
 * also end a copy whose reader is slow because its lake is.) We wait for no lock for long. Time limits that the role or
 * the database set for short queries would end a long copy: they do not hold here. Where row-level security would hide
 * rows from us, the server shall say so: a copy of some rows is none. No commit of ours waits for a standby. Servers
 * before 14 or 17 lack some of these, and only on Linux are all the others sure to be there.
 */
const safetyLimits = `
  SET lock_timeout = '10s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '10min';
  SET row_security = off; SET synchronous_commit = local;
  SELECT set_config(name, wanted.value, false) FROM pg_settings JOIN (VALUES
    ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('client_connection_check_interval', '5s'),
    ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '4')
  ) AS wanted (name, value) USING (name)
   WHERE name IN ('idle_session_timeout', 'transaction_timeout') OR version() LIKE '%linux%';`

export const sessionSettings = sameBytes + safetyLimits
