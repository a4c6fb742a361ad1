import { assert, describe, it } from "@effect/vitest"
import { stringify } from "csv-stringify/sync"
import { Effect } from "effect"
import { csvRow } from "../../../../src/core/csv/Csv.ts"
import { csvRows } from "../../../support/csv/csvRows.ts"

/** csv-stringify in the dialect of `COPY`: by itself it writes NULL and the empty string alike. */
const dialect = { quoted_match: /^$|\r/, record_delimiter: "\n" } as const

describe("csvRow", () => {
  it.effect.prop(
    "writes what csv-stringify writes in the dialect of COPY",
    [csvRows(3)],
    ([rows]) =>
      Effect.sync(() =>
        assert.strictEqual(
          rows.map(csvRow).join(""),
          stringify(
            rows.map((row) => [...row]),
            dialect,
          ),
        ),
      ),
    { arbitrary: { runs: 1000 } },
  )
})
