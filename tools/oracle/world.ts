/** What a database has before its tables: types of its own under awkward names, and defaults that would spoil every text. */

import { printName } from "../../src/core/slot/text/PrintedName.ts"
import type { Random } from "../../test/support/Random.ts"
import {
  arrayOf,
  builtInRanges,
  compositeOf,
  domainOver,
  enumOf,
  multirangeOf,
  rangeOf,
} from "./values/containers.ts"
import { distinctNames, type Encoding, hostileText } from "./values/hostileText.ts"
import type { Kind } from "./values/Kind.ts"
import { scalars } from "./values/scalars.ts"
import { nameSql, textSql, typeSql } from "./workload/sql.ts"

export interface World {
  readonly encoding: Encoding
  /** What a column can be that the table makes of others. */
  readonly generated: ReadonlyArray<string>
  readonly kinds: ReadonlyArray<Kind>
  /** Of a type as the catalog prints it. */
  readonly kindOf: (type: string) => Kind | undefined
  readonly schemas: ReadonlyArray<string>
  /** A table cannot bear the name of a type. */
  readonly typeNames: ReadonlyArray<string>
  readonly setup: string
  /** Changes of types that every column of them lives through. */
  readonly typeChanges: ReadonlyArray<string>
}

/** Which names are quoted differs from version to version. */
const keyOfType = (type: string): string => type.replace(/"([a-z_][a-z0-9_]*)"/g, "$1")

const printedType = (schema: string, name: string): string => `${printName(schema)}.${printName(name)}`

/** `version` as `server_version_num` tells it. */
export const makeWorld = (dice: Random, encoding: Encoding, version: number): World => {
  const schemas = ["public", ...distinctNames(dice, encoding, 2, ["public"])]
  const own = schemas[1] ?? "public"
  const typeNames = distinctNames(dice, encoding, 11)
  const [
    color = "",
    pair = "",
    nested = "",
    label = "",
    whole = "",
    yes = "",
    list = "",
    floats = "",
    words = "",
    many = "",
    pairs = "",
  ] = typeNames
  const type = (name: string) => typeSql({ schema: own, name })
  const printed = (name: string) => printedType(own, name)
  const plain = scalars(encoding)
  const pick = () => dice.pick(plain)

  // A label has at most 63 bytes.
  const labels = [
    ...new Set([
      "",
      "NULL",
      "it's",
      'a"b',
      ...[1, 2].map(() => [...hostileText(dice, encoding, "short")].slice(0, 15).join("")),
    ]),
  ]
  const fields = [pick(), pick(), pick()]
  const fieldNames = distinctNames(dice, encoding, 3)
  const colors = enumOf(printed(color), labels)
  const pairKind = compositeOf(printed(pair), fields)
  const texts = plain.filter(({ type }) => type === "text")
  const [text = pick()] = texts
  const integers = plain.filter(({ type }) => type === "integer")
  const [integer = pick()] = integers
  const boolean = enumOf("boolean", ["t", "f"])
  const nestedKind = compositeOf(printed(nested), [pairKind, arrayOf(pairKind), boolean])
  const labelKind = domainOver(printed(label), text)
  const yesKind = domainOver(printed(yes), boolean)
  const listKind = domainOver(printed(list), arrayOf(integer))
  const floatsKind = rangeOf(printed(floats), ["-Infinity", "-0", "5e-324", "0.1", "1e300", "NaN"])
  const wordsKind = rangeOf(printed(words), ["", " ", "\n", '"', "'", ",", "A", "[", "\\", "a", "é"])
  const made = [
    colors,
    pairKind,
    nestedKind,
    labelKind,
    domainOver(printed(whole), integer),
    yesKind,
    listKind,
    floatsKind,
    wordsKind,
    multirangeOf(printed(many), floatsKind),
    domainOver(printed(pairs), pairKind),
  ]
  const arrays = [
    ...Array.from({ length: 14 }, pick),
    pairKind,
    colors,
    labelKind,
    yesKind,
    listKind,
    boolean,
    text,
  ].map(arrayOf)
  const kinds = [...plain, ...builtInRanges(), ...made, ...made, ...arrays]
  const byType = new Map(kinds.map((found) => [keyOfType(found.type), found]))
  const setup = [
    ...schemas.slice(1).map((schema) => `CREATE SCHEMA ${nameSql(schema)}`),
    "CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION ltree SCHEMA public",
    `CREATE TYPE ${type(color)} AS ENUM (${labels.map(textSql).join(", ")})`,
    `CREATE TYPE ${type(pair)} AS (${fields.map((field, i) => `${nameSql(fieldNames[i] ?? "x")} ${field.type}`).join(", ")})`,
    `CREATE TYPE ${type(nested)} AS (a ${type(pair)}, "B" ${type(pair)}[], c boolean)`,
    `CREATE DOMAIN ${type(label)} AS text`,
    `CREATE DOMAIN ${type(whole)} AS integer CHECK (VALUE IS NULL OR VALUE > -2147483649)`,
    `CREATE DOMAIN ${type(yes)} AS boolean`,
    `CREATE DOMAIN ${type(list)} AS integer[]`,
    `CREATE TYPE ${type(floats)} AS RANGE (subtype = float8, multirange_type_name = ${type(many)})`,
    `CREATE TYPE ${type(words)} AS RANGE (subtype = text, collation = "C")`,
    `CREATE DOMAIN ${type(pairs)} AS ${type(pair)}`,
  ].join(";\n")
  const typeChanges = [
    `ALTER TYPE ${type(color)} ADD VALUE ${textSql('verde, "escuro"')}`,
    `ALTER TYPE ${type(color)} RENAME VALUE ${textSql("it's")} TO ${textSql("its")}`,
    `ALTER TYPE ${type(color)} RENAME VALUE ${textSql("its")} TO ${textSql("it's")}`,
    `ALTER TYPE ${type(pair)} ADD ATTRIBUTE ${nameSql(`more${dice.between(1, 9)}`)} text`,
  ]
  return {
    encoding,
    generated: version < 180_000 ? ["STORED"] : ["STORED", "VIRTUAL"],
    kinds,
    kindOf: (type) => byType.get(keyOfType(type)),
    schemas,
    typeNames,
    setup,
    typeChanges,
  }
}

const defaults: Readonly<Record<string, ReadonlyArray<string>>> = {
  TimeZone: ["'America/Sao_Paulo'", "'Asia/Kathmandu'", "'Pacific/Apia'", "'UTC'"],
  DateStyle: ["'SQL, DMY'", "'German'", "'Postgres, MDY'", "'ISO, YMD'"],
  IntervalStyle: ["'sql_standard'", "'iso_8601'", "'postgres_verbose'"],
  bytea_output: ["'escape'"],
  extra_float_digits: ["'-15'", "'0'", "'3'"],
  quote_all_identifiers: ["on"],
  lc_monetary: ["'C.UTF-8'", "'POSIX'"],
  standard_conforming_strings: ["off"],
  xmlbinary: ["'hex'"],
  xmloption: ["'document'"],
  array_nulls: ["off"],
  default_transaction_isolation: ["'serializable'"],
  default_transaction_read_only: ["on"],
  default_transaction_deferrable: ["on"],
  client_min_messages: ["'debug1'", "'error'"],
  statement_timeout: ["'1s'"],
  synchronize_seqscans: ["off"],
}

/** Into which the server can turn a database's texts, or most of them. */
const clientEncodings: Readonly<Record<Encoding, ReadonlyArray<string>>> = {
  UTF8: ["'LATIN1'", "'SQL_ASCII'"],
  LATIN1: ["'LATIN1'", "'SQL_ASCII'"],
  EUC_JP: ["'SJIS'", "'SQL_ASCII'"],
}

export const hostileDefaults = (dice: Random, database: string, { schemas, encoding }: World): string =>
  [
    `ALTER DATABASE ${database} SET search_path = ${[...schemas].reverse().map(nameSql).join(", ")}`,
    ...Object.entries({ ...defaults, client_encoding: clientEncodings[encoding] })
      .filter(() => dice.is(0.6))
      .map(([name, values]) => `ALTER DATABASE ${database} SET ${name} = ${dice.pick(values)}`),
  ].join(";\n")
