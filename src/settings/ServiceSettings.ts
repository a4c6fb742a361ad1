/** The connection service file: a named group of connection parameters, in the files that libpq reads. */
import { Effect, FileSystem, Option } from "effect"
import type { ConnectionOptions } from "../core/source/ConnectionOptions.ts"
import { parseService } from "../core/source/ServiceFile.ts"
import { problem, type Reading, text, together } from "./SettingReading.ts"

/** The folder of Debian's libpq if `PGSYSCONFDIR` is not set. */
const systemFolder = "/etc/postgresql-common"

/** `variable` names the setting that a problem with the file belongs to. */
const readFile = (variable: string, path: string, service: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const content = yield* Effect.mapError(files.readFileString(path), () =>
      problem(variable, path, `the service file ${path} cannot be read`),
    )
    return yield* Effect.mapError(Effect.fromResult(parseService(content, service)), (why) =>
      problem(variable, service, `the service file ${path}, ${why}`),
    )
  })

/**
 * Reads the parameters of a service from `PGSERVICEFILE`, else `~/.pg_service.conf`, else the file of the system. `variable`
 * is the setting that named the service.
 */
export const readService = (
  variable: string,
  service: string,
): Reading<ConnectionOptions, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const { named, home, system } = yield* together({
      named: text("PGSERVICEFILE"),
      home: text("HOME"),
      system: text("PGSYSCONFDIR"),
    })
    const exists = (path: string) => Effect.orElseSucceed(files.exists(path), () => false)
    const own = Option.map(home, (folder) => `${folder}/.pg_service.conf`)
    const optional = [
      ...Option.toArray(Option.isSome(named) ? Option.none() : own),
      `${Option.getOrElse(system, () => systemFolder)}/pg_service.conf`,
    ]
    const existing = yield* Effect.filter(optional, exists)
    const candidates = [
      ...Option.toArray(Option.map(named, (path) => ["PGSERVICEFILE", path] as const)),
      ...existing.map((path) => [variable, path] as const),
    ]
    for (const [setting, path] of candidates) {
      const parameters = yield* readFile(setting, path, service)
      if (Option.isSome(parameters)) return parameters.value
    }
    const searched = candidates.length === 0 ? optional : candidates.map(([, path]) => path)
    const example = variable === "DATABASE_URL" ? "postgres:///?service=loja" : "loja"
    return yield* Effect.fail(
      problem(variable, example, `no service file defines the service "${service}" (${searched.join(", ")})`),
    )
  })
