/** Reads a watermark: the output of `Watermark.print`, and files of older versions and other programs. */
import { Option, Result } from "effect"
import { parseMasked } from "../columns/MaskedTable.ts"
import * as Lsn from "../Lsn.ts"
import type { CatalogMark, TableFile } from "../tables/TableMark.ts"
import { parseLeafSet } from "./LeafSet.ts"
import { parseObjectName } from "./ObjectKey.ts"
import {
  bare,
  type CommitMark,
  type DatasetTable,
  type FollowedFrom,
  type FromReason,
  fromOneLine,
  fromReasons,
  type Layout,
  type Watermark,
} from "./Watermark.ts"

const parseLayout = (text: string): Option.Option<Layout> =>
  text === "single" || text === "datasets" ? Option.some(text) : Option.none()

const parseClean = (text: string): Option.Option<boolean> =>
  text === "yes" || text === "no" ? Option.some(text === "yes") : Option.none()

/** Reads an integer of digits only, which a double holds exactly. */
const parseCount = (text: string): Option.Option<number> =>
  /^(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
    ? Option.some(Number(text))
    : Option.none()

/** Reads a transaction id or an OID: 32 bits without a sign. */
const parseId = (text: string): Option.Option<number> =>
  Option.filter(parseCount(text), (id) => id <= 0xffff_ffff)

const parseFullXid = (text: string): Option.Option<bigint> =>
  /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) < 2n ** 64n ? Option.some(BigInt(text)) : Option.none()

const parseCommit = (text: string): Option.Option<CommitMark> => {
  const [, lsnText = "", xidText = "", at = ""] =
    /^(\S+) (\d+) (\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?[+-]\d\d(?::\d\d)?)$/.exec(text) ?? []
  return Option.map(Option.all({ lsn: Lsn.parse(lsnText), xid: parseId(xidText) }), (ids) => ({ ...ids, at }))
}

/** The OID comes last: a name may contain spaces, and characters that Unicode counts as line ends. */
const parseTable = (text: string): Option.Option<DatasetTable> => {
  const [, name = "", digits = ""] = /^(.+) (\d+)$/s.exec(text) ?? []
  return Option.all({ name: fromOneLine(name), oid: parseId(digits) })
}

const parseMark = (text: string): Option.Option<CatalogMark> => {
  const [, table = "", schema = "", endedBelow = ""] = /^(\d+) (\d+) (\d+)$/.exec(text) ?? []
  return Option.all({ table: parseId(table), schema: parseId(schema), endedBelow: parseFullXid(endedBelow) })
}

const parseFile = (text: string): Option.Option<TableFile> => {
  const [, file, columns] = /^([0-9a-f]{1,16}) ([0-9a-f]{1,16})$/.exec(text) ?? []
  return Option.all({ file: Option.fromUndefinedOr(file), columns: Option.fromUndefinedOr(columns) })
}

const isReason = (text: string): text is FromReason => fromReasons.some((reason) => reason === text)

const parseFrom = (text: string): Option.Option<FollowedFrom> => {
  const [, lsnText = "", xid, reason = ""] = /^(\S+)(?: (\d+) (.+))?$/.exec(text) ?? []
  return Option.flatMap(Lsn.parse(lsnText), (lsn) => {
    if (xid === undefined) return Option.some({ lsn, since: Option.none() })
    return isReason(reason)
      ? Option.map(parseFullXid(xid), (known) => ({ lsn, since: Option.some({ xid: known, reason }) }))
      : Option.none()
  })
}

const parseMask = (text: string): Option.Option<string> =>
  /^[0-9a-f]{64}$/.test(text) ? Option.some(text) : Option.none()

const isWriter = (text: string): boolean => /^[0-9a-f-]{36}$/.test(text)

/** Reads `key=value` from the lines after the first. */
const readLines = (lines: ReadonlyArray<string>): Result.Result<ReadonlyMap<string, string>, string> => {
  const values = new Map<string, string>()
  for (const [index, line] of lines.entries()) {
    const equals = line.indexOf("=")
    if (equals < 1) return Result.fail(`line ${index + 2} is not key=value`)
    // No value is printed with a carriage return.
    if (line.includes("\r")) return Result.fail(`line ${index + 2} holds a carriage return`)
    const key = line.slice(0, equals)
    // Two files were mixed: it is unknown which value is right.
    if (values.has(key)) return Result.fail(`line ${index + 2} says ${key} again`)
    values.set(key, line.slice(equals + 1))
  }
  return Result.succeed(values)
}

const readValues = (position: Lsn.Lsn, values: ReadonlyMap<string, string>) => {
  let problem: string | undefined
  const understood = <A>(key: string, text: string, value: Option.Option<A>, meaning: string) => {
    if (Option.isNone(value)) problem ??= `${key} is ${JSON.stringify(text.slice(0, 100))}, not ${meaning}`
    return value
  }
  const text = (key: string) => Option.fromNullishOr(values.get(key))
  const one = <A>(key: string, parse: (text: string) => Option.Option<A>, meaning: string) =>
    Option.flatMap(text(key), (value) => understood(key, value, parse(value), meaning))
  const each = <A>(prefix: string, parse: (text: string) => Option.Option<A>, meaning: string) =>
    new Map(
      [...values].flatMap(([key, value]) =>
        key.startsWith(`${prefix}.`)
          ? Option.toArray(understood(key, value, parse(value), meaning)).map(
              (parsed) => [key.slice(prefix.length + 1), parsed] as const,
            )
          : [],
      ),
    )
  const watermark: Watermark = {
    ...bare(position),
    slot: text("slot"),
    database: one("database", fromOneLine, "a name"),
    systemIdentifier: text("system_identifier"),
    timeline: one("timeline", parseCount, "a whole number"),
    layout: one("layout", parseLayout, "single or datasets"),
    root: text("root"),
    writtenAt: text("written_at"),
    lastCommit: one("last_commit", parseCommit, "an LSN, a transaction id and a time"),
    epoch: one("epoch", parseCount, "a whole number"),
    writer: one("writer", (value) => (isWriter(value) ? Option.some(value) : Option.none()), "a UUID"),
    next: one("next", parseObjectName, "a name such as 20251103_101540.csv"),
    clean: one("clean", parseClean, "yes or no"),
    objects: each("object", Option.some, "a key"),
    tables: each("table", parseTable, "a table and its OID"),
    catalog: each("catalog", parseMark, "three transaction ids"),
    from: each("from", parseFrom, "an LSN, or an LSN, a transaction id and a reason"),
    files: each("file", parseFile, "a file and a hash of columns"),
    schemas: each("schema", Option.some, "a key"),
    masks: each("mask", parseMask, "64 hexadecimal digits"),
    masked: each("masked", parseMasked, "a masked table"),
    leaves: each("leaves", parseLeafSet, "a number, a hash and a snapshot"),
    left: each("left", Lsn.parse, "an LSN"),
  }
  return problem === undefined ? Result.succeed(watermark) : Result.fail(problem)
}

/** Parses the file. Fails with what is wrong in it. Ignores unknown keys. */
export const parse = (text: string): Result.Result<Watermark, string> => {
  const [first = "", ...rest] = text.replaceAll("\r\n", "\n").split("\n")
  const position = Lsn.parse(first.trim())
  if (Option.isNone(position)) return Result.fail("line 1 is not a position such as 0/16B3748")
  const lines = rest.filter((line) => line.trim() !== "")
  if (lines.length > 0 && !text.endsWith("\n")) return Result.fail("the last line is cut short")
  return Result.flatMap(readLines(lines), (values) => readValues(position.value, values))
}
