/** The address of PostgreSQL, in libpq's order: `DATABASE_URL`, then the service file, then libpq's variables. */
import { Effect, type FileSystem, Option, Redacted, Result } from "effect"
import { type ConnectionOptions, connectionVariables, unsupported } from "../core/source/ConnectionOptions.ts"
import { parseConnectionString } from "../core/source/ConnectionString.ts"
import { type SourceAddress, sourceAddressOf } from "../core/source/SourceAddress.ts"
import { readService } from "./ServiceSettings.ts"
import { choice, type Problems, problem, type Reading, secret, text, together } from "./SettingReading.ts"
import { settingTable } from "./SettingTable.ts"

const urlExample = settingTable.DATABASE_URL.example
const none: ConnectionOptions = new Map()

/** libpq's default password files. */
const passwordFile = Effect.map(
  together({ home: text("HOME"), windows: text("APPDATA") }),
  ({ home, windows }): ConnectionOptions =>
    new Map(
      [
        ...Option.toArray(Option.map(home, (folder) => `${folder}/.pgpass`)),
        ...Option.toArray(Option.map(windows, (folder) => `${folder}/postgresql/pgpass.conf`)),
      ].map((path) => ["passfile", path]),
    ),
)

const fromUrl: Reading<ConnectionOptions> = Effect.flatMap(secret("DATABASE_URL"), (url) =>
  Option.isNone(url)
    ? Effect.succeed(none)
    : Effect.mapError(Effect.fromResult(parseConnectionString(Redacted.value(url.value))), (why) =>
        problem("DATABASE_URL", urlExample, why),
      ),
)

const fromVariables: Reading<ConnectionOptions> = Effect.map(
  Effect.forEach(connectionVariables, ({ variable, keyword }) =>
    Effect.map(text(variable), (value) =>
      Option.toArray(Option.map(value, (set) => [keyword, set] as const)),
    ),
  ),
  (pairs) => new Map(pairs.flat()),
)

/** Names the setting that contains the value: the URL, the one that names the service, or the variable itself. */
const problemOf =
  (url: ConnectionOptions, service: ConnectionOptions) =>
  (keyword: string, why: string): Problems => {
    if (url.has(keyword)) return problem("DATABASE_URL", urlExample, `${keyword}: ${why}`)
    if (service.has(keyword)) {
      const variable = url.has("service") ? "DATABASE_URL" : "PGSERVICE"
      const example = url.has("service") ? "postgres:///?service=loja" : "loja"
      return problem(variable, example, `in the service file, ${keyword}: ${why}`)
    }
    const known = connectionVariables.find((one) => one.keyword === keyword)
    return problem(known?.variable ?? keyword, known?.example ?? "", why)
  }

const serviceOf = (url: ConnectionOptions, variables: ConnectionOptions) => {
  const inUrl = url.get("service")
  if (inUrl !== undefined) return readService("DATABASE_URL", inUrl)
  const inVariable = variables.get("service")
  return inVariable === undefined ? Effect.succeed(none) : readService("PGSERVICE", inVariable)
}

const sessionPooler = Effect.map(
  choice("SOURCE_SESSION_POOLER"),
  Option.getOrElse(() => settingTable.SOURCE_SESSION_POOLER.fallback),
)

const server: Reading<SourceAddress, FileSystem.FileSystem> = Effect.gen(function* () {
  const variables = yield* fromVariables
  const url = yield* Effect.result(fromUrl)
  const inUrl = Result.getOrElse(url, () => none)
  const service = yield* Effect.result(serviceOf(inUrl, variables))
  const named = Result.getOrElse(service, () => none)
  const problemWith = problemOf(inUrl, named)
  const ignored = [...variables].flatMap(([keyword, value]) =>
    inUrl.has(keyword) || named.has(keyword)
      ? []
      : Option.match(unsupported(keyword, value), {
          onNone: () => [],
          onSome: (why) => problemWith(keyword, why),
        }),
  )
  const defaults = yield* passwordFile
  const address = sourceAddressOf(new Map([...defaults, ...variables, ...named, ...inUrl]))
  const problems = [
    ...(Result.isFailure(url) ? url.failure : []),
    ...(Result.isFailure(service) ? service.failure : []),
    ...ignored,
    ...(Result.isFailure(address)
      ? address.failure.flatMap(({ keyword, why }) => problemWith(keyword, why))
      : []),
  ]
  return problems.length > 0 || Result.isFailure(address) ? yield* Effect.fail(problems) : address.success
})

export const source: Reading<SourceAddress, FileSystem.FileSystem> = Effect.map(
  together({ server, sessionPooler }),
  ({ server, sessionPooler }) => ({ ...server, sessionPooler }),
)
