/**
 * The text of PostgreSQL's `test_decoding` plugin and the changes it tells, both ways.
 *
 * Decoding trusts its own scanner: validating again what the scanner has just built costs four times the reading.
 * Encoding is checked instead: only a change that reads back as itself is printed.
 */
import { Effect, Equal, Predicate, Result, Schema, SchemaIssue, SchemaTransformation } from "effect"
import type { Change } from "./Change.ts"
import { printChange } from "./text/TestDecodingPrinter.ts"
import { decodeChange, type MalformedText } from "./text/TestDecodingScanner.ts"

export { decodeChange, type MalformedText } from "./text/TestDecodingScanner.ts"

const Scanned = Schema.declare((u: unknown): u is Change => Predicate.hasProperty(u, "_tag"), {
  identifier: "Change",
})

const decode = (text: string): Effect.Effect<Change, SchemaIssue.InvalidValue> => {
  const change = decodeChange(text)
  return Result.isSuccess(change) ? Effect.succeed(change.success) : Effect.fail(issueOf(change.failure))
}

const encode = (change: Change): Effect.Effect<string, SchemaIssue.InvalidValue> => {
  const text = printChange(change)
  const again = decodeChange(text)
  return Result.isSuccess(again) && Equal.equals(again.success, change)
    ? Effect.succeed(text)
    : Effect.fail(new SchemaIssue.InvalidValue({ message: "Expected a change that the server can print" }))
}

/** Without the line itself: an issue prints the value it is given, and rows are not for logs. */
const issueOf = ({ expected, offset, within }: MalformedText): SchemaIssue.InvalidValue =>
  new SchemaIssue.InvalidValue({
    message: `Expected ${expected} at offset ${offset}${within === "" ? "" : `, after \`${within}\``}`,
  })

/** One line of the slot as the change that it tells. Reads byte strings and ordinary text alike. */
export const SlotText: Schema.Codec<Change, string> = Schema.String.pipe(
  Schema.decodeTo(Scanned, SchemaTransformation.transformEffect({ decode, encode })),
)

/** Reads one line through the codec. The failure's message names the place, never a value. */
export const decodeSlotText = Schema.decodeResult(SlotText)
