/** The connection service file: a named group of connection parameters, found where libpq finds it. */
import { Effect, FileSystem, Option } from "effect"
import type { ConnectionOptions } from "../core/source/ConnectionOptions.ts"
import { parseService } from "../core/source/ServiceFile.ts"
import { problem, type Reading, text, together } from "./SettingReading.ts"

/** Where Debian's libpq looks where `PGSYSCONFDIR` is not set. */
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
 * The parameters of a service: from `PGSERVICEFILE`, else `~/.pg_service.conf`, and where it does not stand there from
 * the file of the system. `variable` is the setting that named the service.
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
    const isThere = (path: string) => Effect.orElseSucceed(files.exists(path), () => false)
    const own = Option.map(home, (folder) => `${folder}/.pg_service.conf`)
    const optional = [
      ...Option.toArray(Option.isSome(named) ? Option.none() : own),
      `${Option.getOrElse(system, () => systemFolder)}/pg_service.conf`,
    ]
    const present = yield* Effect.filter(optional, isThere)
    const candidates = [
      ...Option.toArray(Option.map(named, (path) => ["PGSERVICEFILE", path] as const)),
      ...present.map((path) => [variable, path] as const),
    ]
    for (const [blamed, path] of candidates) {
      const found = yield* readFile(blamed, path, service)
      if (Option.isSome(found)) return found.value
    }
    const looked = candidates.length === 0 ? optional : candidates.map(([, path]) => path)
    const example = variable === "DATABASE_URL" ? "postgres:///?service=loja" : "loja"
    return yield* Effect.fail(
      problem(variable, example, `no service file defines the service "${service}" (${looked.join(", ")})`),
    )
  })
