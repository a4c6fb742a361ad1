/** The password of a connection: from the settings, else from the password file, which is read when a server asks. */
import { readFileSync, statSync } from "node:fs"
import { Option, Redacted } from "effect"
import { type PasswordQuery, passwordOf } from "../../../src/core/source/PasswordFile.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"

const noPassword = (why: string) => new Error(`no password is known: ${why}`)

/** As in libpq, a file that others may read is not used. */
const readOwnFile = (file: string): string => {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isFile()) {
    throw noPassword(`none is set, and the password file ${file} does not exist`)
  }
  if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
    throw noPassword(
      `the password file ${file} is not used because others have rights on it: chmod 600 ${file}`,
    )
  }
  return readFileSync(file, "utf8")
}

/** Returns the function that the driver calls when the server asks. It throws if no password is found. */
export const passwordFor = (address: SourceAddress, login: PasswordQuery) => (): string => {
  if (Option.isSome(address.password)) return Redacted.value(address.password.value)
  if (Option.isNone(address.passwordFile)) throw noPassword("none is set")
  const file = address.passwordFile.value
  const password = passwordOf(readOwnFile(file), login)
  if (Option.isSome(password)) return password.value
  throw noPassword(
    `none is set, and the password file ${file} has no line for ${login.host}:${login.port}:${login.database}:${login.user}`,
  )
}
