/**
 * The text of PostgreSQL's `test_decoding` plugin and the changes it reports, both ways.
 *
 * Rows on their way into the lake never become a `Change`: they are copied from the spans of their values
 * (`RowTokenizer.ts`, `IncRowWriter.ts`), which takes a tenth of the time. Everything else uses this view of the same tokens.
 * `decodeChange` trusts the reader; the codec `SlotText` checks the schema of the union too.
 */
import { Effect, Equal, Result, Schema, SchemaIssue, SchemaTransformation } from "effect"
import * as Lsn from "../Lsn.ts"
import { Change } from "./Change.ts"
import { type MalformedText, printMalformed } from "./MalformedText.ts"
import { SlotLine } from "./SlotLine.ts"
import { readControlLine } from "./text/ControlLine.ts"
import { printChange } from "./text/TestDecodingPrinter.ts"
import { changeIn } from "./tokens/ChangeView.ts"
import { RowTokenizer } from "./tokens/RowTokenizer.ts"
import { unprojected } from "./tokens/TableMemo.ts"

/** Matches a character that is no byte. */
const noByte = /[^\0-\xff]/

/**
 * Reads one line, a byte string (see `Bytes.ts`). Never throws; takes time in proportion to the line's length.
 * `tokens` may remember the tables of earlier lines. `isMarked` is that of `SlotLine`.
 */
export const decodeChange = (
  text: string,
  { tokens = new RowTokenizer(unprojected), isMarked = false } = {},
): Result.Result<Change, MalformedText> => {
  const offset = text.search(noByte)
  if (offset !== -1) return Result.fail({ _tag: "MalformedText", offset, expected: "a byte", within: "" })
  if (!text.startsWith("table ")) return readControlLine(text)
  return tokens.read(SlotLine.of(Lsn.zero, 1, text, isMarked))
    ? Result.succeed(changeIn(tokens))
    : Result.fail(tokens.malformed)
}

const decode = (text: string): Effect.Effect<Change, SchemaIssue.InvalidValue> => {
  const change = decodeChange(text)
  return Result.isSuccess(change) ? Effect.succeed(change.success) : Effect.fail(issueOf(change.failure))
}

/** Fails for a change that does not read back as itself. */
const encode = (change: Change): Effect.Effect<string, SchemaIssue.InvalidValue> => {
  const text = printChange(change)
  const again = decodeChange(text)
  return Result.isSuccess(again) && Equal.equals(again.success, change)
    ? Effect.succeed(text)
    : Effect.fail(new SchemaIssue.InvalidValue({ message: "Expected a change that the server can print" }))
}

/** Leaves out the line: an issue prints its value, and rows must not be logged. */
const issueOf = (malformed: MalformedText): SchemaIssue.InvalidValue =>
  new SchemaIssue.InvalidValue({ message: printMalformed(malformed) })

/** Decodes one line of the slot to a change. The failure's message names the offset, never a value. */
export const SlotText: Schema.Codec<Change, string> = Schema.String.pipe(
  Schema.decodeTo(Change, SchemaTransformation.transformEffect({ decode, encode })),
)
