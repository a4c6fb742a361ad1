/**
 * Writes the goldens of `test_decoding/` again: every `.txt` is what a real server prints for its case. Where PostgreSQL 18
 * prints it differently, the case has a `.18.txt`: captured with `TEST_POSTGRES`, the folder of its package.
 *
 *     npx esbuild test/golden/capture.ts --bundle --platform=node --format=esm --packages=external --outfile=capture.mjs
 *     node capture.mjs
 *
 * in the repository's root (Node 24 runs `node test/golden/capture.ts` as it is). The `.json` beside each is not written:
 * it is what a person has read and found right.
 */
import { readFile, writeFile } from "node:fs/promises"
import { Effect } from "effect"
import { TestPostgres } from "../support/postgres/postgres.ts"
import { captureLines, majorVersion, printGolden, withoutXids } from "../support/slot/goldenLines.ts"
import { goldenCases } from "../support/slot/testDecodingCases.ts"

const folder = "test/golden/test_decoding"

const capture = Effect.gen(function* () {
  const version = yield* majorVersion
  for (const golden of goldenCases) {
    const lines = printGolden(yield* captureLines(golden))
    const usual = `${folder}/${golden.name}.txt`
    if (version === "15") yield* Effect.promise(() => writeFile(usual, lines, "latin1"))
    else if (withoutXids(lines) !== withoutXids(yield* Effect.promise(() => readFile(usual, "latin1")))) {
      const own = `${folder}/${golden.name}.${version}.txt`
      yield* Effect.promise(() => writeFile(own, lines, "latin1"))
      yield* Effect.log(`${golden.name} is another in version ${version}`)
    }
  }
})

await Effect.runPromise(capture.pipe(Effect.provide(TestPostgres.layer())))
