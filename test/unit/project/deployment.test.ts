/** Where one deployment file must agree with another, with the program or with itself: what no schema of their formats knows. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { parse, parseAllDocuments } from "yaml"
import { grace } from "../../../src/cdc/CurrentBatch.ts"
import { connectionVariables } from "../../../src/core/source/ConnectionOptions.ts"
import { settingTable } from "../../../src/settings/SettingTable.ts"

const text = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8")
const missing = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.filter((file) => !existsSync(new URL(`../../../${file}`, import.meta.url)))

/** Compose's own tag, which takes away what the file before says. */
const customTags = [{ tag: "!reset", collection: "seq" as const }]

const compose: unknown = parse(text("compose.yaml"))
const devcontainer: unknown = [
  JSON.parse(text(".devcontainer/devcontainer.json")),
  parse(text(".devcontainer/compose.yaml"), { customTags }),
]
const kubernetes: unknown = parseAllDocuments(text("deploy/kubernetes.yaml")).map((one) => one.toJS())

/** Every value that bears the name, wherever it stands in the tree. */
const valuesOf = (tree: unknown, name: string): ReadonlyArray<unknown> =>
  typeof tree !== "object" || tree === null
    ? []
    : Object.entries(tree).flatMap(([key, value]) => [
        ...(key === name ? [value] : []),
        ...valuesOf(value, name),
      ])
const textsOf = (tree: unknown, name: string): ReadonlyArray<string> =>
  valuesOf(tree, name).flat().map(String)
const keysOf = (tree: unknown, name: string): ReadonlyArray<string> =>
  valuesOf(tree, name).flatMap((value) => (typeof value === "object" ? Object.keys(value ?? {}) : []))

/** Instruction and the rest, continuation lines joined, comments left out. */
const dockerfile = text("Dockerfile")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const)
const instructions = (instruction: string): ReadonlyArray<string> =>
  dockerfile.flatMap(([name, rest]) => (name === instruction ? [rest] : []))

/** Section, directive and value of each line of the systemd unit. */
const unit = text("deploy/afluente.service")
  .split(/^\[(?=\w+\]$)/m)
  .flatMap((section) =>
    [...section.matchAll(/^(\w+)=(.*)$/gm)].map(([, directive = "", value = ""]) => ({
      section: section.slice(0, section.indexOf("]")),
      directive,
      value,
    })),
  )
const directives = (name: string): ReadonlyArray<string> =>
  unit.flatMap(({ directive, value }) => (directive === name ? [value] : []))

const known: ReadonlyArray<string> = [
  ...Object.keys(settingTable),
  ...connectionVariables.map(({ variable }) => variable),
]

describe("the deployment files", () => {
  it("mount, copy and build only what is there", () => {
    const mounted = textsOf(compose, "volumes").flatMap((volume) => /^\.\/([^:]+):/.exec(volume)?.[1] ?? [])
    const included = textsOf(devcontainer, "dockerComposeFile").map((file) => `.devcontainer/${file}`)
    const copied = instructions("COPY").flatMap((rest) =>
      rest.startsWith("--from") ? [] : rest.split(" ").slice(0, -1),
    )
    assert.isAbove(Math.min(mounted.length, included.length, copied.length), 0)
    assert.deepStrictEqual(missing([...mounted, ...included, ...copied]), [])
    const letThrough = text(".dockerignore").match(/(?<=^!).*$/gm) ?? []
    assert.deepStrictEqual(copied.toSorted(), letThrough.toSorted())
    const stages = instructions("FROM").map((rest) => rest.split(" AS ")[1])
    assert.includeMembers(stages, [...textsOf(devcontainer, "target")])
  })

  it("run commands of the program, without a shell in between that would keep signals from it", () => {
    const inKubernetes = valuesOf(kubernetes, "command").map((command) => JSON.stringify(command))
    assert.deepStrictEqual(
      [...inKubernetes, JSON.stringify(JSON.parse(instructions("CMD").at(-1) ?? ""))].toSorted(),
      ["cdc", "cdc", "full", "init"].map((name) => JSON.stringify(["node", "dist/main.js", name])),
    )
  })

  it("ask for the health of the program where it serves it", () => {
    const [ports, checks] = [textsOf(compose, "METRICS_PORT"), textsOf(compose, "test").join("\n")]
    assert.include(checks, `http://127.0.0.1:${ports[0]}/healthz`)
    assert.deepStrictEqual(
      textsOf(valuesOf(kubernetes, "env"), "value"),
      textsOf(kubernetes, "containerPort"),
    )
    const probed = valuesOf(kubernetes, "httpGet")
    assert.deepStrictEqual(
      probed,
      probed.map(() => ({ path: "/healthz", port: textsOf(valuesOf(kubernetes, "ports"), "name")[0] })),
    )
  })

  it("let the program write where the image keeps its temporary files", () => {
    const folder = instructions("ENV")
      .at(-1)
      ?.replace(/^TMPDIR=/, "")
    const mounts = textsOf(kubernetes, "mountPath")
    assert.strictEqual(mounts.length, valuesOf(kubernetes, "command").length)
    assert.deepStrictEqual([...new Set(mounts)], [folder])
    assert.deepStrictEqual(
      directives("Environment"),
      directives("CacheDirectory").map((name) => `TMPDIR=/var/cache/${name}`),
    )
    assert.include(textsOf(valuesOf(compose, "app"), "volumes"), `spool:${folder}`)
  })

  it("declare the volumes that they mount", () => {
    const declared = keysOf(compose, "volumes")
    const named = textsOf(valuesOf(compose, "services"), "volumes").flatMap(
      (volume) => /^(\w+):/.exec(volume)?.[1] ?? [],
    )
    assert.deepStrictEqual(named.toSorted(), declared.filter((name) => /^[a-z]/.test(name)).toSorted())
    for (const pod of valuesOf(kubernetes, "template")) {
      const mounted = textsOf(valuesOf(pod, "volumeMounts"), "name")
      assert.deepStrictEqual(mounted, textsOf(valuesOf(pod, "volumes"), "name"))
    }
  })

  it("keep a standby, and leave every process the time that a stop takes at most", () => {
    assert.deepStrictEqual(valuesOf(kubernetes, "replicas"), [2])
    const given = [
      ...textsOf(kubernetes, "terminationGracePeriodSeconds"),
      ...textsOf(compose, "stop_grace_period"),
      ...directives("TimeoutStopSec"),
    ].map((seconds) => Number.parseInt(seconds, 10))
    assert.lengthOf(given, 3)
    assert.isAbove(Math.min(...given), Duration.toSeconds(grace))
    assert.deepStrictEqual(directives("KillSignal"), ["SIGTERM"])
  })

  it("start the program again after a failure, but not where a person must act first", () => {
    assert.deepStrictEqual(directives("Restart"), ["on-failure"])
    assert.deepStrictEqual(directives("RestartPreventExitStatus"), ["2 3"])
    assert.match(textsOf(valuesOf(compose, "app"), "restart").join(), /^on-failure:\d+$/)
  })

  it("have a systemd unit with each directive once, in its section, that starts `cdc` where the files are", () => {
    const names = unit.map(({ section, directive }) => `${section} ${directive}`)
    assert.deepStrictEqual(names, [...new Set(names)])
    assert.includeMembers(names, ["Unit After", "Service ExecStart", "Install WantedBy"])
    assert.deepStrictEqual(directives("ExecStart"), ["/usr/bin/node dist/main.js cdc"])
    const first = [...text("deploy/afluente.service").matchAll(/ -p (\w+)=(\S+)/g)]
    assert.lengthOf(first, 3)
    for (const [, name = "", value = ""] of first) assert.deepStrictEqual(directives(name), [value])
  })

  it("name images by version", () => {
    const images = [
      ...textsOf([compose, kubernetes], "image"),
      ...instructions("FROM").map((rest) => rest.split(" ")[0] ?? ""),
    ]
    assert.isAbove(images.length, 4)
    assert.deepStrictEqual(
      images.filter((image) => !/:(v?\d+\.\d+|RELEASE\.\d{4}-)/.test(image)),
      [],
    )
  })

  it("give neither root nor a right beyond it, and listen on loopback alone", () => {
    assert.match(instructions("USER").at(-1) ?? "", /^[1-9]\d*:[1-9]\d*$/)
    const pods = valuesOf(kubernetes, "containers").length
    assert.deepStrictEqual(valuesOf(kubernetes, "runAsNonRoot"), Array(pods).fill(true))
    assert.deepStrictEqual(valuesOf(kubernetes, "drop"), Array(pods).fill(["ALL"]))
    const ports = textsOf(compose, "ports")
    assert.deepStrictEqual(
      ports.filter((port) => !port.startsWith("127.0.0.1:")),
      [],
    )
  })

  it("set variables that the program knows", () => {
    const app = valuesOf(compose, "app")
    const named = [
      ...keysOf(app, "environment"),
      ...keysOf(kubernetes, "data"),
      ...textsOf(valuesOf(kubernetes, "env"), "name"),
      ...[...text("deploy/kubernetes.yaml").matchAll(/--from-literal=(\w+)/g)].map(([, name]) => name ?? ""),
    ]
    assert.isAbove(named.length, 10)
    assert.deepStrictEqual(
      named.filter((name) => !known.includes(name)),
      [],
    )
  })

  it("run .ci/run on the oldest Node that package.json allows", () => {
    const workflow: unknown = parse(text(".github/workflows/ci.yml"))
    assert.include(textsOf(workflow, "run"), ".ci/run")
    assert.deepStrictEqual(textsOf(workflow, "node-version"), ["20.20"])
    assert.match(text("package.json"), /"node": ">=20\./)
  })
})
