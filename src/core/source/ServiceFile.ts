/**
 * Reads one service of a connection service file (`pg_service.conf`):
 *
 *     [loja]
 *     host=db.example
 *     dbname=loja
 *
 * Source: PostgreSQL, src/interfaces/libpq/fe-connect.c, `parseServiceFile`. Not supported: look-ups by LDAP.
 */
import { Option, Result } from "effect"
import { type ConnectionOptions, unsupported } from "./ConnectionOptions.ts"

/** Blanks around `=` belong to keyword and value, as in libpq. */
const parseLine = (line: string): Result.Result<readonly [string, string], string> => {
  const equals = line.indexOf("=")
  if (equals === -1) return Result.fail("it is not keyword=value")
  const keyword = line.slice(0, equals)
  const value = line.slice(equals + 1)
  if (keyword === "service") return Result.fail("a service cannot name another service")
  return Option.match(unsupported(keyword, value), {
    onNone: () => Result.succeed([keyword, value]),
    onSome: Result.fail,
  })
}

/** Returns the parameters of `service`; the first one counts if a parameter is repeated. None if the file does not define it. */
export const parseService = (
  text: string,
  service: string,
): Result.Result<Option.Option<ConnectionOptions>, string> => {
  const lines = text.split("\n").map((line) => line.trim())
  const begin = lines.findIndex((line) => line.startsWith(`[${service}]`))
  if (begin === -1) return Result.succeedNone
  const options = new Map<string, string>()
  for (const [i, line] of lines.entries()) {
    if (i <= begin || line === "" || line.startsWith("#")) continue
    if (line.startsWith("[")) break
    const pair = parseLine(line)
    if (Result.isFailure(pair)) return Result.fail(`line ${i + 1}: ${pair.failure}`)
    const [keyword, value] = pair.success
    if (!options.has(keyword)) options.set(keyword, value)
  }
  return Result.succeedSome(options)
}
