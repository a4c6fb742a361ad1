/**
 * Reads a connection string of libpq: `postgres://user:password@host:port/dbname?keyword=value`, or
 * `host=db.example dbname=loja`. No failure repeats a part of the text, because it holds the password.
 *
 * Source: PostgreSQL, src/interfaces/libpq/fe-connect.c, `conninfo_uri_parse_options` and `conninfo_parse`.
 * Stricter than libpq in a URL: `#`, blanks, an `@` after the host and a `/` in the name of the database must be %-codes.
 * Otherwise the rest of a password with such a character would be read as a host or as a database.
 */
import { Option, Result } from "effect"
import { type ConnectionOptions, isKnownParameter, unsupported } from "./ConnectionOptions.ts"

type Pair = readonly [keyword: string, value: string]
type Pairs = Result.Result<ReadonlyArray<Pair>, string>

const encodeIt = "write special characters of the password as %-codes"

/** The message for a raw character that cannot be there. */
const misplaced = (character: string, code: string) =>
  `it holds "${character}" where none can be; ${encodeIt} ("${character}" is ${code})`

const decode = (text: string): Result.Result<string, string> => {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) {
    return Result.fail("it holds a % that does not begin a code; write it as %25")
  }
  if (text.includes("%00")) return Result.fail("it holds the code %00, which is no character")
  try {
    return Result.succeed(decodeURIComponent(text))
  } catch {
    return Result.fail("it holds %-codes that are not UTF-8")
  }
}

const decodePair = ([keyword, value]: Pair): Result.Result<Pair, string> =>
  Result.all([decode(keyword), decode(value)])

/** Checks the names. A name after a password, or one that is no word, is not repeated: it may be a part of a password. */
const supported = (pairs: ReadonlyArray<Pair>): Pairs => {
  const password = pairs.findIndex(([name]) => name === "password")
  const refused = pairs.flatMap(([name, value], i) =>
    isKnownParameter(name) || (/^\w+$/.test(name) && (password === -1 || i < password))
      ? Option.toArray(unsupported(name, value))
      : [`it holds a parameter that is unknown to libpq; take it out, and ${encodeIt} or quote it`],
  )
  return refused.length > 0 ? Result.fail([...new Set(refused)].join("; ")) : Result.succeed(pairs)
}

/** Reads `host:port,[::1]:port` into lists of hosts and ports of equal length. */
const readAuthority = (text: string): Pairs => {
  if (text === "") return Result.succeed([])
  const hosts: Array<string> = []
  const ports: Array<string> = []
  for (const each of text.split(",")) {
    const found = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(.*))?$/.exec(each)
    if (found === null) {
      return Result.fail(`its host and port cannot be read; ${encodeIt}, and an IPv6 address as [::1]`)
    }
    const [, address, host = "", port = ""] = found
    if (!/^(?:[\d\s+]|%[\dA-Fa-f]{2})*$/.test(port)) {
      return Result.fail(`its port is no number; ${encodeIt}, and in .env a bare # begins a comment`)
    }
    hosts.push(address ?? host)
    ports.push(port)
  }
  const pairs: ReadonlyArray<Pair> = [
    ["host", hosts.join(",")],
    ["port", ports.join(",")],
  ]
  return Result.succeed(pairs.filter(([, value]) => value !== ""))
}

const readQuery = (text: string): Pairs => {
  const pairs: Array<Pair> = []
  for (const each of text.split("&")) {
    const parts = each.split("=")
    const [keyword = "", value = ""] = parts
    if (each === "" && text.endsWith("&") && pairs.length > 0) continue
    if (parts.length !== 2) {
      return Result.fail(
        'a parameter after "?" is not keyword=value; write "&" as %26 and "=" as %3D in values',
      )
    }
    // `ssl=true` comes from JDBC; libpq accepts it too.
    pairs.push(each === "ssl=true" ? ["sslmode", "require"] : [keyword, value])
  }
  return Result.flatMap(Result.all(pairs.map(decodePair)), supported)
}

const readUrl = (rest: string): Pairs => {
  if (rest.includes("#")) return Result.fail(misplaced("#", "%23"))
  if (/\s/.test(rest)) return Result.fail(`it holds a blank or a line end; ${encodeIt} (a blank is %20)`)
  const credentials = /^([^@/:]*)(?::([^@/]*))?@/.exec(rest)
  const behind = credentials === null ? rest : rest.slice(credentials[0].length)
  if (behind.includes("@")) return Result.fail(misplaced("@", "%40"))
  const [location = "", ...queries] = behind.split("?")
  const [authority = "", database = "", ...more] = location.split("/")
  if (more.length > 0) return Result.fail(misplaced("/", "%2F"))
  const plain: ReadonlyArray<Pair> = [
    ["user", credentials?.[1] ?? ""],
    ["password", credentials?.[2] ?? ""],
    ["dbname", database],
  ]
  return Result.gen(function* () {
    const hosts = yield* readAuthority(authority)
    const query = queries.join("?")
    const located = [...plain.filter(([, value]) => value !== ""), ...hosts]
    const parameters = query === "" ? [] : yield* readQuery(query)
    return [...(yield* Result.all(located.map(decodePair))), ...parameters]
  })
}

const keyword = /\s*([^\s=]+)\s*=\s*/y
const bareValue = /(?:\\[\s\S]|[^\s\\])*\\?/y
const quotedValue = /'((?:\\[\s\S]|[^'\\])*)'/y

const readKeywords = (text: string): Pairs => {
  const pairs: Array<Pair> = []
  let at = 0
  while (text.slice(at).trim() !== "") {
    keyword.lastIndex = at
    const name = keyword.exec(text)?.[1]
    if (name === undefined) {
      return Result.fail(
        "it is not a list of keyword=value; put a value with blanks or an empty one in single quotes",
      )
    }
    const form = text[keyword.lastIndex] === "'" ? quotedValue : bareValue
    form.lastIndex = keyword.lastIndex
    const value = form.exec(text)
    if (value === null)
      return Result.fail("a single quote in it is never closed; write one in a value as \\'")
    pairs.push([name, (value[1] ?? value[0]).replace(/\\([\s\S]?)/g, "$1")])
    at = form.lastIndex
  }
  return supported(pairs)
}

/** Returns the parameters of a connection string; the last one counts if a parameter is repeated. */
export const parseConnectionString = (text: string): Result.Result<ConnectionOptions, string> => {
  const url = /^postgres(?:ql)?:\/\/([\s\S]*)$/.exec(text)
  if (url === null && !isKnownParameter(/^\s*(\w+)\s*=/.exec(text)?.[1] ?? "")) {
    return Result.fail(
      "it must begin with postgres:// or postgresql://, or be a list such as host=db dbname=loja",
    )
  }
  return Result.map(
    url === null ? readKeywords(text) : readUrl(url[1] ?? ""),
    (pairs): ConnectionOptions => new Map(pairs),
  )
}
