/**
 * Changes as PostgreSQL can log them, drawn from the pieces that parsers stumble over. Left out, because the server
 * never prints them: empty names, types that are no type, numbers that are none. All texts are byte strings.
 */
import { Arbitrary, Schema } from "effect"
import { toBytes } from "../../../src/core/bytes/Bytes.ts"
import type { Cell, Change } from "../../../src/core/slot/Change.ts"

const pieces = [
  ...["'", '"', "]:", "[text]:", ":", " ", "\n", "\r", "\t", "\\", ".", ",", "(", ")", "{", "}"],
  ...["null", "unchanged-toast-datum", " new-tuple:", " old-key:", " (no-tuple-data)", ": TRUNCATE: cascade"],
  ...[" v[text]:'x'", ", sz: 1 content:", "COMMIT 1", "B'1'", "table public.t: INSERT:"],
  ...["a", "b", "z", "_", "0", "9", "A", "é", "ÿ", "€", "😀", "select", "name"],
] as const

/** Any text, the empty one included. */
export const trapText: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { maxLength: 8 }),
  (parts) => parts.join(""),
)

/** The same as a byte string. */
export const trapBytes = Arbitrary.map(trapText, toBytes)

const name = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(Schema.Literals(pieces)), trapText]),
  ([first, rest]) => toBytes(first + rest),
)
const table = Arbitrary.all({ schema: name, name })

const quotedTypes = [
  ...["text", "character varying", '"char"', "timestamp with time zone", "integer[]", "bit varying[]"],
  ...['s."My]Type"', 's."T y"[]', '"a""b"."]:\'x"[]', "public.cents", "oidvector"],
] as const
const numbers = [
  "0",
  "-1",
  "42",
  "12.50",
  "-0",
  "1e+20",
  "-2.5e-300",
  "NaN",
  "Infinity",
  "-Infinity",
] as const

const drawnValue = Arbitrary.all({
  quotedType: Arbitrary.schema(Schema.Literals(quotedTypes)),
  numberType: Arbitrary.schema(Schema.Literals(["smallint", "bigint", "oid", "numeric", "double precision"])),
  bitType: Arbitrary.schema(Schema.Literals(["bit", "bit varying"])),
  kind: Arbitrary.schema(Schema.Literals(["text", "text", "number", "boolean", "bits", "null", "unchanged"])),
  text: trapBytes,
  number: Arbitrary.schema(Schema.Literals(numbers)),
  boolean: Arbitrary.schema(Schema.Literals(["true", "false"])),
  bits: Arbitrary.schema(Schema.Literals(["", "0", "101"])),
})

const cell: Arbitrary.Arbitrary<Cell> = Arbitrary.map(
  Arbitrary.all({ name, drawn: drawnValue }),
  ({ name, drawn }) => {
    switch (drawn.kind) {
      case "text":
        return { name, type: drawn.quotedType, value: drawn.text }
      case "number":
        return { name, type: drawn.numberType, value: drawn.number }
      case "boolean":
        return { name, type: "boolean", value: drawn.boolean }
      case "bits":
        return { name, type: drawn.bitType, value: drawn.bits }
      case "null":
        return { name, type: drawn.numberType, value: null }
      case "unchanged":
        return { name, type: drawn.quotedType, value: undefined }
    }
  },
)
const tuple = Arbitrary.array(cell, { maxLength: 6 })

const times = [
  "2025-11-03 10:15:30.123456+00",
  "0044-03-15 12:00:00-03:06:28 BC",
  "12025-01-01 00:00:00+05:30",
] as const

export const printableChange: Arbitrary.Arbitrary<Change> = Arbitrary.map(
  Arbitrary.all({
    tag: Arbitrary.schema(
      Schema.Literals([
        "Begin",
        "Commit",
        "Insert",
        "Insert",
        "Update",
        "Update",
        "Delete",
        "Truncate",
        "Message",
      ]),
    ),
    xid: Arbitrary.schema(
      Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff_ffff }))),
    ),
    at: Arbitrary.schema(Schema.NullOr(Schema.Literals(times))),
    table,
    tables: Arbitrary.array(table, { maxLength: 4 }),
    row: tuple,
    before: tuple,
    known: Arbitrary.schema(Schema.Boolean),
    restartSequences: Arbitrary.schema(Schema.Boolean),
    cascade: Arbitrary.schema(Schema.Boolean),
    prefix: trapBytes,
    content: trapBytes,
  }),
  (drawn): Change => {
    const { table, row } = drawn
    const before = drawn.known ? drawn.before : null
    switch (drawn.tag) {
      case "Begin":
        return { _tag: "Begin", xid: drawn.xid }
      case "Commit":
        return { _tag: "Commit", xid: drawn.xid, at: drawn.at }
      case "Insert":
        return { _tag: "Insert", table, row }
      case "Update":
        return { _tag: "Update", table, before, row }
      case "Delete":
        return { _tag: "Delete", table, before }
      case "Truncate":
        return {
          _tag: "Truncate",
          tables: drawn.tables,
          restartSequences: drawn.restartSequences,
          cascade: drawn.cascade,
        }
      case "Message":
        return {
          _tag: "Message",
          transactional: drawn.cascade,
          prefix: drawn.prefix,
          size: drawn.content.length,
          content: drawn.content,
        }
    }
  },
)

export const natural = Arbitrary.schema(
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0x7fff_ffff })),
)
export const anyByte = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))

/** One byte of a line changed, one taken out, one put in, or its second half put behind that of another. */
export const damaged = (line: string, other: string, place: number, byte: number): ReadonlyArray<string> => {
  const at = place % (line.length + 1)
  const [before, after] = [line.slice(0, at), line.slice(at)]
  const letter = String.fromCharCode(byte)
  return [
    before + letter + after.slice(1),
    before + after.slice(1),
    before + letter + after,
    before + other.slice(place % (other.length + 1)),
  ]
}
