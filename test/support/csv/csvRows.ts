/** Rows of text fields, drawn from what CSV stumbles over. */
import { Arbitrary, Schema } from "effect"

const pieces = [
  '"',
  '""',
  ",",
  "\n",
  "\r",
  "\r\n",
  "\\.",
  "\\",
  "\t",
  " ",
  "'",
  ";",
  "=",
  "a",
  "ção",
  "😀",
  "NULL",
] as const

const text = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { maxLength: 5 }),
  (parts) => parts.join(""),
)

const field: Arbitrary.Arbitrary<string | null> = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(Schema.Literals([true, true, true, false])), text]),
  ([known, value]) => (known ? value : null),
)

/** All of the same number of fields. */
export const csvRows = (fields: number): Arbitrary.Arbitrary<ReadonlyArray<ReadonlyArray<string | null>>> =>
  Arbitrary.array(Arbitrary.array(field, { minLength: fields, maxLength: fields }), {
    minLength: 1,
    maxLength: 8,
  })
