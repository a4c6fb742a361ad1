/** Every built-in type that a table can have a column of, save those that hold other types. */
import type { Random } from "../../../test/support/Random.ts"
import { type Encoding, hostileText, type Room } from "./hostileText.ts"
import { type Kind, kind, oneOf } from "./Kind.ts"

const integer = (type: string, bits: 16 | 32 | 64): Kind => {
  const most = 2n ** BigInt(bits - 1) - 1n
  const edges = [0n, 1n, -1n, most, -most - 1n].map(String)
  return kind(type, (dice) => (dice.is(0.3) ? dice.pick(edges) : String(dice.between(-32_000, 32_000))), true)
}

const digits = (dice: Random, count: number): string =>
  Array.from({ length: count }, () => dice.between(0, 9)).join("")

const numeric = (dice: Random, room: Room): string => {
  const most = room === "any" ? 1000 : 40
  switch (dice.weighted({ special: 2, small: 6, long: 2, scientific: 1 })) {
    case "special":
      return dice.pick([
        "NaN",
        "Infinity",
        "-Infinity",
        "0",
        "0.00",
        "-0.10",
        "1.0",
        "1.00",
        "1e-100",
        "1e100",
      ])
    case "small":
      return `${dice.is(0.3) ? "-" : ""}${dice.between(0, 9999)}.${digits(dice, dice.between(1, 5))}`
    case "long":
      return `${dice.is(0.3) ? "-" : ""}1${digits(dice, dice.between(1, most))}.${digits(dice, dice.between(1, most))}`
    case "scientific":
      return `${dice.between(1, 9)}.${digits(dice, 3)}e${dice.between(-200, 200)}`
  }
}

const float = (type: string, edges: ReadonlyArray<string>, exponent: number): Kind =>
  kind(
    type,
    (dice) =>
      dice.is(0.5)
        ? dice.pick([
            ...edges,
            "-0",
            "0",
            "NaN",
            "Infinity",
            "-Infinity",
            "1",
            "0.1",
            "0.3",
            "1e15",
            "1e16",
            "123456789012345680",
          ])
        : `${dice.is(0.5) ? "-" : ""}${dice.between(1, 9)}.${digits(dice, 17)}e${dice.between(-exponent, exponent)}`,
    true,
  )

const two = (n: number): string => String(n).padStart(2, "0")
const clock = (dice: Random): string =>
  `${two(dice.between(0, 23))}:${two(dice.between(0, 59))}:${two(dice.between(0, 59))}${dice.is(0.5) ? `.${digits(dice, dice.between(1, 6))}` : ""}`
const zone = (dice: Random): string => dice.pick(["+00", "-03", "+05:45", "-15:59", "+15:59:59", "+00:00:01"])
const day = (dice: Random): string => {
  const [year, era] = dice.pick([
    [dice.between(1900, 2100), ""],
    [dice.between(1, 4700), " BC"],
    [dice.between(10_000, 290_000), ""],
    [dice.between(1, 999), ""],
  ] as const)
  return `${String(year).padStart(4, "0")}-${two(dice.between(1, 12))}-${two(dice.between(1, 28))}${era}`
}
const moment = (dice: Random): string => {
  if (dice.is(0.1)) return dice.pick(["infinity", "-infinity"])
  const [date = "", era = ""] = day(dice).split(" ")
  return `${date} ${clock(dice)}${era && ` ${era}`}`
}
const momentWithZone = (dice: Random): string => {
  const [date = "", time, era] = moment(dice).split(" ")
  return time === undefined ? date : `${date} ${time}${zone(dice)}${era === undefined ? "" : ` ${era}`}`
}

const interval = (dice: Random): string => {
  if (dice.is(0.2)) {
    return dice.pick([
      "0",
      "1 mon",
      "30 days",
      "24:00:00",
      "-178000000 years",
      "1 year -1 mon +1 day -00:00:00.000001",
      "-00:00:00.5",
    ])
  }
  const part = () => dice.between(-40, 40)
  return `${part()} years ${part()} mons ${part()} days ${dice.is(0.5) ? "-" : ""}${clock(dice)}`
}

const dates: ReadonlyArray<Kind> = [
  kind(
    "date",
    (dice) =>
      dice.is(0.1) ? dice.pick(["infinity", "-infinity", "5874897-12-31", "4713-01-01 BC"]) : day(dice),
    true,
  ),
  kind("time without time zone", (dice) => (dice.is(0.1) ? "24:00:00" : clock(dice)), true),
  kind("time(2) without time zone", clock),
  kind("time with time zone", (dice) => `${clock(dice)}${zone(dice)}`, true),
  kind("timestamp without time zone", moment, true),
  kind("timestamp(0) without time zone", moment),
  kind("timestamp with time zone", momentWithZone, true),
  kind("timestamp(3) with time zone", momentWithZone),
  kind("interval", interval, true),
  kind("interval day to second(2)", interval),
]

const hex = (dice: Random, bytes: number): string =>
  Array.from({ length: bytes }, () => dice.between(0, 255).toString(16).padStart(2, "0")).join("")

const bits = (dice: Random, count: number): string =>
  Array.from({ length: count }, () => dice.between(0, 1)).join("")

const point = (dice: Random): string =>
  `(${dice.pick(["0", "1.5", "-0", "1e300", "-2", "0.1", "NaN"])},${dice.between(-9, 9)})`
const points = (dice: Random): string =>
  Array.from({ length: dice.between(2, 4) }, () => point(dice)).join(",")

const shapes: ReadonlyArray<Kind> = [
  kind("point", point),
  oneOf("line", ["{1,-1,0}", "{0,1.5,-3}", "{-1,0,1e10}"]),
  kind("lseg", (dice) => `[${point(dice)},${point(dice)}]`),
  { ...kind("box", (dice) => `${point(dice)},${point(dice)}`), delimiter: ";" },
  kind("path", (dice) => (dice.is(0.5) ? `[${points(dice)}]` : `(${points(dice)})`)),
  kind("polygon", (dice) => `(${points(dice)})`),
  kind("circle", (dice) => `<${point(dice)},${dice.between(0, 9)}>`),
]

/** Of the server's own names, none of which changes while we look. */
const catalogTypes: ReadonlyArray<Kind> = [
  oneOf("oid", ["0", "1", "4294967295"], true),
  oneOf("xid", ["0", "3", "4294967295"]),
  oneOf("xid8", ["0", "18446744073709551615"], true),
  oneOf("cid", ["0", "4294967295"]),
  oneOf("tid", ["(0,1)", "(4294967295,65535)"]),
  oneOf("pg_lsn", ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"], true),
  oneOf("pg_snapshot", ["10:20:10,14,15", "1:1:"]),
  oneOf("txid_snapshot", ["10:20:10,14,15", "1:1:"]),
  oneOf(
    "regclass",
    ["pg_class", "pg_catalog.pg_index", "information_schema.columns", "-", "4000000000"],
    true,
  ),
  oneOf("regtype", [
    "integer",
    "timestamp with time zone[]",
    '"char"',
    "information_schema.sql_identifier",
    "-",
  ]),
  oneOf("regproc", ["now", "-"]),
  oneOf("regprocedure", ["lower(text)", "pg_catalog.format(text)", "-"]),
  oneOf("regoper", ["||/", "0"]),
  oneOf("regoperator", ["+(integer,integer)", "-(NONE,bigint)"]),
  oneOf("regnamespace", ["pg_catalog", "public", "information_schema"]),
  oneOf("regrole", ["pg_read_all_data", "postgres"]),
  oneOf("regconfig", ["english", "simple"]),
  oneOf("regcollation", ['"C"', '"POSIX"']),
  oneOf("aclitem", ["postgres=arwd*/postgres", "=r/postgres"]),
  oneOf("int2vector", ["", "1 -2 3"]),
  oneOf("oidvector", ["", "1 2"]),
]

const lexeme = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
const mapEntry = (key: string, value: string): string =>
  `"${key.replace(/["\\]/g, "\\$&")}"=>${value === "b" ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`}`

const documents = (text: (dice: Random, room: Room) => string): ReadonlyArray<Kind> => {
  const value = (dice: Random, room: Room, depth: number): unknown => {
    switch (dice.weighted({ text: 4, number: 2, plain: 1, list: depth, object: depth })) {
      case "text":
        return text(dice, room)
      case "number":
        return dice.pick([0, -1, 1e300, 0.1, 1e-7])
      case "plain":
        return dice.pick([null, true, false])
      case "list":
        return [value(dice, "short", depth - 1), value(dice, "short", depth - 1)]
      case "object":
        return Object.fromEntries([[text(dice, "short"), value(dice, "short", depth - 1)]])
    }
  }
  const document = (dice: Random, room: Room) => JSON.stringify(value(dice, room, 2), null, dice.pick([0, 1]))
  // XML 1.0 knows no other control characters, and two code points are none in it.
  const xmlText = (dice: Random, room: Room) =>
    text(dice, room)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "")
      .replace(/[&<>]/g, (c) => `&#${c.codePointAt(0)};`)
  return [
    kind("json", document),
    kind("jsonb", document),
    oneOf("jsonpath", ['$."a"[*]?(@ > 1)', "strict $.a.b", '$."x y"']),
    kind(
      "xml",
      (dice, room) =>
        `${dice.pick(["", '<?xml version="1.0" encoding="UTF-8"?>'])}<a b="c">${xmlText(dice, room)}</a>`,
    ),
    kind("tsvector", (dice) =>
      [1, 2].map((n) => `${lexeme(text(dice, "short") || "x")}:${n}${dice.pick(["", "A"])}`).join(" "),
    ),
    kind(
      "tsquery",
      (dice) =>
        `${lexeme(text(dice, "short") || "x")} ${dice.pick(["&", "|", "<->", "& !"])} ${lexeme("b c")}`,
    ),
    kind("public.hstore", (dice) =>
      [1, 2].map((n) => mapEntry(`${n}${text(dice, "short")}`, text(dice, "short"))).join(","),
    ),
    oneOf("public.ltree", ["Top", "Top.Science.A_1", ""]),
    kind("public.citext", text, true),
  ]
}

export const scalars = (encoding: Encoding): ReadonlyArray<Kind> => {
  const text = (dice: Random, room: Room) => hostileText(dice, encoding, room)
  const upTo = (length: number) => (dice: Random) => [...text(dice, "short")].slice(0, length).join("")
  return [
    integer("smallint", 16),
    integer("integer", 32),
    integer("bigint", 64),
    kind("numeric", numeric, true),
    kind("numeric(12,2)", (dice) => String(dice.between(-1e9, 1e9) / 100), true),
    kind("numeric(1000,500)", (dice) => `${digits(dice, dice.between(1, 400))}.${digits(dice, 600)}`),
    kind("numeric(3,-2)", (dice) => String(dice.between(-99_949, 99_949))),
    float("real", ["1e-45", "1.1754942e-38", "3.4028235e38", "1e-38"], 30),
    float(
      "double precision",
      ["5e-324", "4.9e-324", "2.2250738585072011e-308", "1.7976931348623157e308"],
      290,
    ),
    kind(
      "money",
      (dice) => dice.pick(["0", "-0.01", "1234567.89", "-92233720368547758.08", "92233720368547758.07"]),
      true,
    ),
    oneOf("boolean", ["true", "false"], true),
    kind("text", text, true),
    kind("character varying", text, true),
    kind("character varying(20)", upTo(20), true),
    kind("character(6)", upTo(6), true),
    oneOf('"char"', ["a", "", " ", "'", '"', "\\", ",", "\n", "\x01"], true),
    kind("name", upTo(10), true),
    kind(
      "bytea",
      (dice, room) =>
        `\\x${hex(dice, room === "any" && dice.is(0.15) ? dice.between(1000, 9000) : dice.between(0, 12))}`,
      true,
    ),
    ...dates,
    kind("uuid", (dice) => hex(dice, 16), true),
    oneOf("inet", ["10.0.0.1", "10.0.0.1/8", "::1", "2001:db8::1/64", "0.0.0.0/0"], true),
    oneOf("cidr", ["10.0.0.0/8", "2001:db8::/32", "::/0"], true),
    kind("macaddr", (dice) => hex(dice, 6), true),
    kind("macaddr8", (dice) => hex(dice, 8), true),
    kind("bit(1)", (dice) => bits(dice, 1)),
    kind("bit(11)", (dice) => bits(dice, 11), true),
    kind("bit varying", (dice) => bits(dice, dice.between(0, 40)), true),
    kind("bit varying(5)", (dice) => bits(dice, dice.between(0, 5))),
    ...shapes,
    ...catalogTypes,
    ...documents(text),
  ]
}
