/**
 * Writes the goldens of `test_decoding/` again: every `.txt` is what a real server prints for its case.
 *
 *     npx esbuild test/golden/capture.ts --bundle --platform=node --format=esm --packages=external --outfile=capture.mjs
 *     node capture.mjs
 *
 * in the repository's root (Node 24 runs `node test/golden/capture.ts` as it is). The `.json` beside each is not written:
 * it is what a person has read and found right.
 */
import { writeFile } from "node:fs/promises"
import { Effect } from "effect"
import { TestPostgres } from "../support/postgres.ts"
import { captureLines, printGolden } from "../support/goldenLines.ts"
import { goldenCases } from "../support/testDecodingCases.ts"

const capture = Effect.forEach(
  goldenCases,
  (golden) =>
    Effect.gen(function* () {
      const file = printGolden(yield* captureLines(golden))
      yield* Effect.promise(() => writeFile(`test/golden/test_decoding/${golden.name}.txt`, file, "latin1"))
      yield* Effect.log(`${golden.name}: ${file.split("\n").length - 1} lines`)
    }),
  { discard: true },
)

await Effect.runPromise(capture.pipe(Effect.provide(TestPostgres.layer())))
