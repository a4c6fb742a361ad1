/** What a setting of the server forbids, and a restart mends: on servers of their own. */
import { Effect } from "effect"
import { temporaryFolder } from "../../../test/support/lake/lakeFolder.ts"
import { testServer } from "../../../test/support/postgres/postgres.ts"
import type { Failure } from "../Failure.ts"
import type { Operator } from "../world/Operator.ts"
import { openSource, roleAndRights, type Source } from "../world/Source.ts"

interface Restart {
  readonly title: string
  readonly wrong: string
  /** Of postgresql.conf, before and after. */
  readonly setting: string
  readonly values: readonly [string, string]
  readonly prepare: string
  readonly words: RegExp
}

/** One life of a server, with this setting. What is in its folder stays. */
const serving = (operator: Operator, dataFolder: string, setting: string, value: string) =>
  Effect.gen(function* () {
    const source = yield* openSource(yield* testServer({ dataFolder, settings: { [setting]: value } }))
    for (const sql of roleAndRights) yield* source.sql(sql)
    operator.transcript.disguise(String(source.server.port), "5432")
    operator.use(source)
    yield* operator.setQuietly(operator.defaults())
    return source
  }).pipe(Effect.orDie)

const restarted = (operator: Operator, { setting, values, prepare, ...told }: Restart): Failure => {
  let life: { readonly source: Source; readonly dataFolder: string } | undefined
  return {
    ...told,
    provoke: Effect.gen(function* () {
      // `init` makes no slot for a lake that was written from another.
      yield* operator.anew()
      const first = operator.source()
      yield* Effect.addFinalizer(() => Effect.sync(() => operator.use(first)))
      const dataFolder = yield* temporaryFolder
      const source = yield* serving(operator, dataFolder, setting, values[0])
      yield* Effect.orDie(source.sql(prepare))
      life = { source, dataFolder }
    }),
    command: "init",
    code: 2,
    mend: () =>
      Effect.gen(function* () {
        if (life === undefined) return
        operator.transcript.show(`# postgresql.conf, then a restart`, `${setting} = ${values[1]}`)
        yield* life.source.server.stop("fast")
        yield* serving(operator, life.dataFolder, setting, values[1])
      }),
  }
}

export const serverFailures = (operator: Operator): ReadonlyArray<Failure> => [
  restarted(operator, {
    title: "The log is not logical",
    wrong: "A server as it comes: `wal_level = replica`.",
    setting: "wal_level",
    values: ["replica", "logical"],
    prepare: "",
    words: /Set wal_level = logical in postgresql\.conf and restart PostgreSQL/,
  }),
  restarted(operator, {
    title: "All slots are in use",
    wrong: "`max_replication_slots = 1`, and a replica has it.",
    setting: "max_replication_slots",
    values: ["1", "10"],
    prepare: "SELECT pg_create_physical_replication_slot('replica')",
    words: /Raise max_replication_slots and restart PostgreSQL/,
  }),
]
