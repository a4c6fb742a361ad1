/** What happens to PostgreSQL in a run. Two stops of the server never meet. */
import { Effect } from "effect"
import pg from "pg"
import type { EmbeddedServer } from "../../../layers/embedded/EmbeddedPostgres.ts"

export const runSql = async (
  url: string,
  sql: string,
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on("error", () => {})
  await client.connect()
  return client
    .query<Record<string, unknown>>(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

/** Only the writer holds an advisory lock alone. */
const terminateSql = `
  SELECT pg_terminate_backend(pid) FROM pg_locks
   WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

export class Source {
  readonly url: string
  readonly #server: EmbeddedServer
  #turn: Promise<void> = Promise.resolve()

  constructor(server: EmbeddedServer) {
    this.#server = server
    this.url = server.url("postgres")
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act)
    return this.#turn
  }

  /** As after `kill -9`, and up again. */
  crash(): Promise<void> {
    return this.#inTurn(async () => {
      await Effect.runPromise(this.#server.stop("immediate"))
      await Effect.runPromise(this.#server.restart)
    })
  }

  /** As `pg_ctl restart -m fast` does. */
  restart(): Promise<void> {
    return this.#inTurn(() => Effect.runPromise(this.#server.restart))
  }

  checkpoint(): Promise<void> {
    return this.#inTurn(() =>
      runSql(this.url, "CHECKPOINT").then(
        () => {},
        () => {},
      ),
    )
  }

  /** Ends the session that holds the writer's lock; false where there was none. */
  async terminateHolder(): Promise<boolean> {
    let found = false
    await this.#inTurn(async () => {
      found = (await runSql(this.url, terminateSql).catch(() => [])).length > 0
    })
    return found
  }

  /** WAL that the slot of `cdc` has not confirmed, in bytes; undefined where the server does not answer. */
  async backlog(slot: string): Promise<number | undefined> {
    const rows = await runSql(
      this.url,
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::text AS bytes
         FROM pg_replication_slots WHERE slot_name = '${slot}'`,
    ).catch(() => [])
    const bytes = Number(rows[0]?.["bytes"])
    return Number.isFinite(bytes) ? bytes : undefined
  }
}
