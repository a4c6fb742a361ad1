/** The SQL that comes with the program, in `query/`. */
import { readFile } from "node:fs/promises"
import { Effect, Result } from "effect"
import {
  parseSections,
  replaySections,
  type SqlSections,
  shopSections,
} from "../../src/core/source/SqlSections.ts"

/** A file that is missing or broken is a broken installation: nothing a user's command could mend. */
const querySections = <const Name extends string>(
  file: string,
  names: ReadonlyArray<Name>,
): Effect.Effect<SqlSections<Name>> =>
  // `query/` lies beside `dist/`, the folder of the bundle.
  Effect.promise(() => readFile(new URL(`../query/${file}`, import.meta.url), "utf8")).pipe(
    Effect.map((text) => Result.getOrThrow(parseSections(text, names))),
  )

/** What the demo runs: its shop, and the replay that rebuilds a table from the lake. */
export const demoScripts = Effect.all({
  shop: querySections("demo_cdc_cliente_sync.sql", shopSections),
  replay: querySections("replay_cliente.sql", replaySections),
})
