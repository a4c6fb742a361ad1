/** Lines to begin with: what real servers printed, and drawn changes. Each with rows of its case. */
import { Arbitrary, Effect, Result } from "effect"
import { decodeChange } from "../../src/core/slot/TestDecoding.ts"
import { printChange } from "../../src/core/slot/text/TestDecodingPrinter.ts"
import { fitsColumns, isRowChange, ownColumns } from "../../test/support/slot/changeRow.ts"
import { readGoldens } from "../../test/support/slot/goldenLines.ts"
import { printableChange } from "../../test/support/slot/printableChanges.ts"
import { type KnownRow, knownRow } from "./LineCheck.ts"
import type { Material } from "./Mutation.ts"

export interface CorpusLine {
  readonly text: string
  readonly known: ReadonlyArray<KnownRow>
}

/** A row of all kinds of values, as most rows of a table are. */
const plain = [
  "table public.t: INSERT: id[integer]:1 v[text]:'a,b' n[numeric]:-12.50 f[boolean]:true b[bit]:B'101' d[date]:null",
  "table public.t: UPDATE: id[integer]:2 v[text]:'it''s \"q\"' n[numeric]:1e+20 f[boolean]:false b[bit]:B'' d[date]:'2025-11-03'",
  "table public.t: UPDATE: old-key: id[integer]:2 new-tuple: id[integer]:3 v[text]:unchanged-toast-datum n[numeric]:NaN f[boolean]:null b[bit]:B'0' d[date]:null",
  "table public.t: DELETE: id[integer]:1 v[text]:'' n[numeric]:0",
]

const withKnown = (lines: ReadonlyArray<string>): ReadonlyArray<CorpusLine> => {
  const known = lines.flatMap((line) => {
    const change = Result.getOrUndefined(decodeChange(line))
    return change?._tag === "Insert" ? (knownRow(change) ?? []) : []
  })
  return lines.map((text) => ({ text, known }))
}

const drawnCount = 2000

/** The same for the same seed. */
export const lineCorpus = (seed: number): ReadonlyArray<CorpusLine> => {
  const drawn = Effect.runSync(Arbitrary.sampleEffect(printableChange, { count: drawnCount, seed }))
  return [
    ...withKnown(plain),
    ...readGoldens().flatMap(({ lines }) => withKnown(lines)),
    ...drawn.flatMap((change) => withKnown([printChange(change)])),
  ]
}

const words = [
  ...["table ", "BEGIN", "COMMIT", "message: transactional: ", " prefix: ", ", sz: ", " content:", " (at "],
  ...[": INSERT:", ": UPDATE:", ": DELETE:", ": TRUNCATE:", " old-key:", " new-tuple:", " (no-tuple-data)"],
  ...[" (no-flags)", " restart_seqs", " cascade", "null", "unchanged-toast-datum", "true", "false", "NaN"],
  ...["-Infinity", "1e+20", "0.", "B'1'", "''", "'", '"', '""', "]:", "[text]:", "[]", " id[integer]:1", "."],
  ...["-", "e", "E", "+", ".5", "n", "B", "(", ")", "[", "]", ":", " ", "t", "N"],
  ...[" v[text]:'x'", "\0", "\x000\0", "\n", "\r", ",", "\\", "\xc3\xa9", "0", "4294967296", "public.t"],
]

/** Rows of a table of which a row with the same columns is known. */
export const rowLines = (corpus: ReadonlyArray<CorpusLine>): ReadonlyArray<CorpusLine> =>
  corpus.filter(({ text, known }) =>
    known.some(({ insert }) => {
      const change = Result.getOrUndefined(decodeChange(text))
      return isRowChange(change) && change._tag !== "Truncate" && fitsColumns(change, ownColumns(insert))
    }),
  )

export const lineMaterial = (corpus: ReadonlyArray<CorpusLine>): Material => ({
  corpus: corpus.map(({ text }) => text),
  words,
})
