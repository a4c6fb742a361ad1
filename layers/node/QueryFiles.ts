/** The SQL that comes with the program, in `query/`. */
import { readFile } from "node:fs/promises"
import { Effect, Result } from "effect"
import { parseSections, type SqlSections } from "../../src/core/source/SqlSections.ts"

/** A file that is missing or broken is a broken installation: nothing a user's command could mend. */
export const querySections = <const Name extends string>(
  file: string,
  names: ReadonlyArray<Name>,
): Effect.Effect<SqlSections<Name>> =>
  // From the sources and from the bundle alike, `query/` lies beside the folder of this module.
  Effect.promise(() => readFile(new URL(`../query/${file}`, import.meta.url), "utf8")).pipe(
    Effect.map((text) => Result.getOrThrow(parseSections(text, names))),
  )
