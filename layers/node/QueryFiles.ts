/** Reads the program's SQL files in `query/`. */
import { readFile } from "node:fs/promises"
import { Effect, Result } from "effect"
import {
  parseSections,
  replaySections,
  type SqlSections,
  shopSections,
} from "../../src/core/source/SqlSections.ts"

/** Dies if the file is missing or broken: then the installation is broken. */
const querySections = <const Name extends string>(
  file: string,
  names: ReadonlyArray<Name>,
): Effect.Effect<SqlSections<Name>> =>
  // `query/` is beside `dist/`, the folder of the bundle.
  Effect.promise(() => readFile(new URL(`../query/${file}`, import.meta.url), "utf8")).pipe(
    Effect.map((text) => Result.getOrThrow(parseSections(text, names))),
  )

/** The demo's scripts: its shop, and the replay that rebuilds a table from the lake. */
export const demoScripts = Effect.all({
  shop: querySections("demo_cdc_cliente_sync.sql", shopSections),
  replay: querySections("replay_cliente.sql", replaySections),
})
