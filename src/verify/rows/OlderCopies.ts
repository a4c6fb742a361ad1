/** Compares the copies that no reader begins with any more with the md5 of their manifests. */
import { createHash } from "node:crypto"
import { Effect, Stream } from "effect"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"
import type { Fulls } from "../../lake/LakeInventory.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { Progress } from "../../services/Progress.ts"

/** Reads every older copy. Returns their differences from their manifests; sizes are compared where objects are listed. */
export const readOlder = Effect.fn("OlderCopies.readOlder")(function* (
  dataset: string,
  { older }: Pick<Fulls, "older">,
) {
  const store = yield* ObjectStore
  const progress = yield* Progress
  const bar = yield* progress.show(
    `verify ${dataset}: older copies`,
    older.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  const findings: Array<LakeFinding> = []
  for (const { object, md5: promised } of older.flatMap(({ objects }) => objects)) {
    const digest = yield* retrying(
      limitedRetry,
      Stream.runFold(
        store.read(object),
        () => createHash("md5"),
        (md5, chunk) => {
          bar.advance(chunk.length)
          return md5.update(chunk)
        },
      ).pipe(Effect.map((md5) => md5.digest("hex"))),
    )
    if (digest !== promised) {
      findings.push({ kind: "manifest", object, why: `its md5 is ${digest}, its manifest says ${promised}` })
    }
  }
  return findings
}, Effect.scoped)
