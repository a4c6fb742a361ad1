/** How fast the server's bytes can be had at all: by `psql`, or, where there is none, by a reader that throws them away. */
import { spawn, spawnSync } from "node:child_process"
import { devNull } from "node:os"
import { Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { Effect } from "effect"
import pg from "pg"
import { to } from "pg-copy-streams"
import type { Run } from "../figures/Result.ts"
import type { Source } from "../world/Source.ts"

const wanted = process.env["PSQL"] ?? "psql"
const psql = spawnSync(wanted, ["--version"]).status === 0 ? wanted : undefined

/** Says what is wrong with a `psql` that was named and cannot be run; the one on the PATH may be missing. */
export const checkFloor = (): void => {
  if (psql === undefined && process.env["PSQL"] !== undefined) {
    throw new Error(`PSQL=${wanted} cannot be run. Correct it, or unset it for a floor without psql.`)
  }
}

/** Which floor it is, for the reader of the figures. */
export const floorName = psql === undefined ? "pg-copy-streams, bytes thrown away" : "psql"

const byPsql = (program: string, source: Source, command: string): Effect.Effect<Run> =>
  Effect.callback((resume) => {
    const startedAt = performance.now()
    const child = spawn(program, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command], {
      env: { PATH: process.env["PATH"] ?? "", ...source.libpq },
      stdio: ["ignore", "ignore", "inherit"],
    })
    child.on("error", (cause) => resume(Effect.die(cause)))
    child.on("exit", (code) =>
      resume(
        code === 0
          ? Effect.succeed({ seconds: (performance.now() - startedAt) / 1000 })
          : Effect.die(new Error(`psql ended with ${code}`)),
      ),
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const byReader = (source: Source, copy: string): Effect.Effect<Run> =>
  Effect.promise(async () => {
    const startedAt = performance.now()
    const client = new pg.Client({ connectionString: source.urlOf(source.database) })
    await client.connect()
    const nowhere = new Writable({ write: (_bytes, _encoding, done) => done() })
    await pipeline(client.query(to(copy)), nowhere).finally(() => client.end())
    return { seconds: (performance.now() - startedAt) / 1000 }
  })

/** The whole table as CSV. */
export const copyTable = (source: Source, table: string): Effect.Effect<Run> =>
  psql === undefined
    ? byReader(source, `COPY (select * from ${table}) TO STDOUT (FORMAT csv, HEADER)`)
    : byPsql(psql, source, `\\copy (select * from ${table}) to ${devNull} csv header`)

/** All that waits in a slot up to a position, in one peek. */
export const copyPeek = (source: Source, slot: string, upTo: string): Effect.Effect<Run> => {
  const copy = `COPY (select lsn,xid,data from pg_logical_slot_peek_changes('${slot}', '${upTo}', NULL, 'include-xids', '1', 'skip-empty-xacts', '1')) TO STDOUT`
  return psql === undefined ? byReader(source, copy) : byPsql(psql, source, copy)
}
