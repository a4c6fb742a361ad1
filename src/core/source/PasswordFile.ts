/**
 * Finds a password in a password file (`~/.pgpass`), whose lines are `host:port:database:user:password`. The first matching
 * line counts. `*` matches everything, and a backslash escapes the next character.
 *
 * Source: PostgreSQL, src/interfaces/libpq/fe-connect.c, `passwordFromFile`.
 */
import { Option } from "effect"

export interface PasswordQuery {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

const field = /((?:\\[\s\S]|[^:\\])*)(?::|$)/y
const unescaped = (text: string): string => text.replace(/\\([\s\S])/g, "$1")

/** The first five fields of a line, as they are written. */
const fieldsOf = (line: string): ReadonlyArray<string> => {
  const fields: Array<string> = []
  field.lastIndex = 0
  while (fields.length < 5 && field.lastIndex < line.length) {
    const found = field.exec(line)
    if (found === null) break
    fields.push(found[1] ?? "")
  }
  return fields
}

export const passwordOf = (text: string, login: PasswordQuery): Option.Option<string> => {
  const wanted = [login.host, String(login.port), login.database, login.user]
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue
    const fields = fieldsOf(line.replace(/\r$/, ""))
    const password = fields[4]
    if (password === undefined) continue
    if (wanted.every((value, i) => fields[i] === "*" || unescaped(fields[i] ?? "") === value)) {
      return Option.some(unescaped(password))
    }
  }
  return Option.none()
}
