/** What the deployment files promise. The tools that use them are not at hand in every place where tests run. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { parse, parseAllDocuments } from "yaml"
import { connectionVariables } from "../../../src/core/source/ConnectionOptions.ts"
import { settingTable } from "../../../src/settings/SettingTable.ts"

/** Compose's own tag, which takes away what the file before says. */
const resetsWhatWasThere = { customTags: [{ tag: "!reset", collection: "seq" as const }] }

const text = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8")
const stands = (file: string): boolean => existsSync(new URL(`../../../${file}`, import.meta.url))

const Environment = Schema.Record(Schema.String, Schema.String)
const Service = Schema.Struct({
  image: Schema.String,
  command: Schema.Array(Schema.String),
  environment: Environment,
  healthcheck: Schema.Struct({ test: Schema.Array(Schema.String) }),
  volumes: Schema.Array(Schema.String),
  ports: Schema.optional(Schema.Array(Schema.String)),
})
const Compose = Schema.Struct({ services: Schema.Record(Schema.String, Service) })
const { services } = Schema.decodeUnknownSync(Compose)(parse(text("compose.yaml")))

const Probe = Schema.Struct({ httpGet: Schema.Struct({ path: Schema.String, port: Schema.String }) })
const Container = Schema.Struct({
  image: Schema.String,
  command: Schema.Array(Schema.String),
  env: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String }))),
  envFrom: Schema.Array(
    Schema.Union([
      Schema.Struct({ configMapRef: Schema.Struct({ name: Schema.String }) }),
      Schema.Struct({ secretRef: Schema.Struct({ name: Schema.String }) }),
    ]),
  ),
  ports: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, containerPort: Schema.Number }))),
  startupProbe: Schema.optional(Probe),
  readinessProbe: Schema.optional(Probe),
  livenessProbe: Schema.optional(Probe),
  securityContext: Schema.Struct({
    readOnlyRootFilesystem: Schema.Boolean,
    allowPrivilegeEscalation: Schema.Boolean,
    capabilities: Schema.Struct({ drop: Schema.Array(Schema.String) }),
  }),
  volumeMounts: Schema.Array(Schema.Struct({ name: Schema.String, mountPath: Schema.String })),
})
const Pod = Schema.Struct({
  spec: Schema.Struct({
    terminationGracePeriodSeconds: Schema.optional(Schema.Number),
    securityContext: Schema.Struct({ runAsNonRoot: Schema.Boolean, runAsUser: Schema.Number }),
    containers: Schema.Tuple([Container]),
    volumes: Schema.Array(Schema.Struct({ name: Schema.String, emptyDir: Schema.Struct({}) })),
  }),
})
const Running = Schema.Struct({ replicas: Schema.optional(Schema.Number), template: Pod })
const decode = {
  ConfigMap: Schema.decodeUnknownSync(Schema.Struct({ data: Environment })),
  Job: Schema.decodeUnknownSync(Schema.Struct({ spec: Running })),
  Deployment: Schema.decodeUnknownSync(Schema.Struct({ spec: Running })),
  CronJob: Schema.decodeUnknownSync(
    Schema.Struct({ spec: Schema.Struct({ jobTemplate: Schema.Struct({ spec: Running }) }) }),
  ),
}
const kubernetes = new Map(
  parseAllDocuments(text("deploy/kubernetes.yaml")).map((document) => {
    assert.deepStrictEqual(document.errors, [])
    const value: unknown = document.toJS()
    return [Schema.decodeUnknownSync(Schema.Struct({ kind: Schema.String }))(value).kind, value] as const
  }),
)
const job = decode.Job(kubernetes.get("Job")).spec
const deployment = decode.Deployment(kubernetes.get("Deployment")).spec
const cronJob = decode.CronJob(kubernetes.get("CronJob")).spec.jobTemplate.spec
const pods = [job, deployment, cronJob].map(({ template }) => template.spec)
const containers = pods.flatMap((pod) => pod.containers)

/** Instruction and the rest, continuation lines joined, comments left out. */
const dockerfile = text("Dockerfile")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const)
const last = (instruction: string): string => dockerfile.findLast(([name]) => name === instruction)?.[1] ?? ""
const spoolFolder = last("ENV").replace(/^TMPDIR=/, "")

const program = (command: ReadonlyArray<string>): string => {
  assert.deepStrictEqual(command.slice(0, 2), ["node", "dist/main.js"])
  return command[2] ?? ""
}

describe("compose.yaml", () => {
  it("has the program, a PostgreSQL 15 and a MinIO", () => {
    assert.deepStrictEqual(Object.keys(services), ["app", "db", "minio"])
    assert.match(services["db"]?.image ?? "", /^postgres:15\./)
    assert.match(services["minio"]?.image ?? "", /^minio\/minio:/)
  })

  it("lets PostgreSQL log what a slot needs", () => {
    assert.include(services["db"]?.command ?? [], "wal_level=logical")
  })

  it("fills the database by files that are there, the shop before the role that may read it", () => {
    const mounted = (services["db"]?.volumes ?? []).filter((volume) =>
      volume.includes("/docker-entrypoint-initdb.d/"),
    )
    assert.deepStrictEqual(
      mounted.map((volume) => volume.split(":")[0]),
      ["./query/demo_cdc_cliente_sync.sql", "./deploy/compose/role.sql"],
    )
    assert.isTrue(mounted.every((volume) => stands(volume.split(":")[0] ?? "")))
  })

  it("listens on loopback alone", () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    assert.isTrue(ports.length > 0 && ports.every((port) => port.startsWith("127.0.0.1:")))
  })

  it("asks for the health of the program where the program serves it", () => {
    const app = services["app"]
    assert.include(
      app?.healthcheck.test.at(-1),
      `http://127.0.0.1:${app?.environment["METRICS_PORT"]}/healthz`,
    )
  })
})

describe(".devcontainer", () => {
  const container = Schema.decodeUnknownSync(
    Schema.Struct({
      dockerComposeFile: Schema.Array(Schema.String),
      service: Schema.String,
      runServices: Schema.Array(Schema.String),
      remoteUser: Schema.String,
    }),
  )(JSON.parse(text(".devcontainer/devcontainer.json")))

  it("names compose files that are there, and the three services", () => {
    assert.deepStrictEqual(
      container.dockerComposeFile.map((file) => stands(`.devcontainer/${file}`)),
      [true, true],
    )
    assert.deepStrictEqual([container.service, ...container.runServices], Object.keys(services))
  })

  it("builds a stage of the Dockerfile, whose user is not root", () => {
    const over = Schema.decodeUnknownSync(
      Schema.Struct({
        services: Schema.Struct({
          app: Schema.Struct({ build: Schema.Struct({ target: Schema.String }) }),
        }),
      }),
    )(parse(text(".devcontainer/compose.yaml"), resetsWhatWasThere))
    const stages = dockerfile.flatMap(([name, rest]) => (name === "FROM" ? [rest.split(" AS ")[1]] : []))
    assert.include(stages, over.services.app.build.target)
    assert.strictEqual(container.remoteUser, "node")
  })
})

describe("Dockerfile", () => {
  it("ends as a user that is not root, and that is told by its number", () => {
    assert.match(last("USER"), /^[1-9]\d*:[1-9]\d*$/)
  })

  it("starts the program without a shell in between, so that signals reach it", () => {
    assert.strictEqual(program(JSON.parse(last("CMD"))), "cdc")
  })

  it("copies what is there and what .dockerignore lets through", () => {
    const letThrough = text(".dockerignore")
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []))
    const copied = dockerfile.flatMap(([name, rest]) =>
      name === "COPY" && !rest.startsWith("--from") ? rest.split(" ").slice(0, -1) : [],
    )
    assert.deepStrictEqual(copied.toSorted(), letThrough.toSorted())
    assert.deepStrictEqual(
      copied.filter((file) => !stands(file)),
      [],
    )
  })
})

describe("deploy/kubernetes.yaml", () => {
  it("runs cdc with a standby, and gives it time for the batch in hand", () => {
    assert.strictEqual(deployment.replicas, 2)
    assert.strictEqual(deployment.template.spec.terminationGracePeriodSeconds, 30)
  })

  it("runs the commands that it says", () => {
    assert.deepStrictEqual(
      containers.map(({ command }) => program(command)),
      ["init", "cdc", "full"],
    )
  })

  it("probes the port where the program serves its health", () => {
    const [cdc] = deployment.template.spec.containers
    const port = cdc.ports?.find(({ name }) => name === "metrics")?.containerPort
    assert.deepStrictEqual(cdc.env, [{ name: "METRICS_PORT", value: String(port) }])
    for (const probe of [cdc.startupProbe, cdc.readinessProbe, cdc.livenessProbe]) {
      assert.deepStrictEqual(probe?.httpGet, { path: "/healthz", port: "metrics" })
    }
  })

  it("gives no right that is not needed", () => {
    for (const { securityContext } of pods)
      assert.deepStrictEqual(securityContext, { runAsNonRoot: true, runAsUser: 1000 })
    for (const { securityContext } of containers) {
      assert.deepStrictEqual(securityContext, {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      })
    }
  })

  it("lets the program write where the image keeps its temporary files", () => {
    for (const pod of pods) {
      const [container] = pod.containers
      const mounted = container.volumeMounts.find(({ mountPath }) => mountPath === spoolFolder)
      assert.isTrue(pod.volumes.some(({ name }) => name === mounted?.name))
    }
  })

  it("takes secrets from a Secret", () => {
    for (const { envFrom } of containers) {
      assert.deepStrictEqual(envFrom, [
        { configMapRef: { name: "afluente" } },
        { secretRef: { name: "afluente" } },
      ])
    }
    assert.isFalse(kubernetes.has("Secret"))
  })
})

describe("deploy/afluente.service", () => {
  const unit = new Map(
    text("deploy/afluente.service")
      .split("\n")
      .flatMap((line) => {
        const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? []
        return name === undefined || value === undefined ? [] : [[name, value] as const]
      }),
  )

  it("starts again after a failure, but not where a person must act first", () => {
    assert.strictEqual(unit.get("Restart"), "on-failure")
    assert.strictEqual(unit.get("RestartPreventExitStatus"), "2 3")
  })

  it("stops by the signal that the program takes, and gives it time for the batch in hand", () => {
    assert.strictEqual(unit.get("KillSignal"), "SIGTERM")
    assert.strictEqual(unit.get("TimeoutStopSec"), "30")
  })

  it("runs as a user of its own, whose temporary files are where it may write", () => {
    assert.strictEqual(unit.get("User"), "afluente")
    assert.strictEqual(unit.get("Environment"), `TMPDIR=/var/cache/${unit.get("CacheDirectory")}`)
  })
})

describe(".github/workflows/ci.yml", () => {
  it("runs .ci/run on the oldest Node that package.json allows", () => {
    const Step = Schema.Struct({
      run: Schema.optional(Schema.String),
      with: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
    })
    const Workflow = Schema.Struct({
      jobs: Schema.Record(Schema.String, Schema.Struct({ steps: Schema.Array(Step) })),
    })
    const { jobs } = Schema.decodeUnknownSync(Workflow)(parse(text(".github/workflows/ci.yml")))
    const steps = Object.values(jobs).flatMap((job) => job.steps)
    assert.include(
      steps.map(({ run }) => run),
      ".ci/run",
    )
    const versions = steps.flatMap((step) => step.with?.["node-version"] ?? [])
    assert.deepStrictEqual(versions, ["20.20"])
    assert.match(text("package.json"), /"node": ">=20\./)
  })
})

describe("all of them", () => {
  it("name images by version", () => {
    const images = [
      ...Object.values(services).map(({ image }) => image),
      ...containers.map(({ image }) => image),
      ...dockerfile.flatMap(([name, rest]) => (name === "FROM" ? [rest.split(" ")[0] ?? ""] : [])),
    ]
    assert.deepStrictEqual(
      images.filter((image) => !/:(v?\d+\.\d+|RELEASE\.\d{4}-)/.test(image)),
      [],
    )
  })

  it("set variables that the program knows", () => {
    const known: ReadonlyArray<string> = [
      ...Object.keys(settingTable),
      ...connectionVariables.map(({ variable }) => variable),
    ]
    const named = [
      ...Object.keys(services["app"]?.environment ?? {}),
      ...Object.keys(decode.ConfigMap(kubernetes.get("ConfigMap")).data),
      ...containers.flatMap(({ env }) => (env ?? []).map(({ name }) => name)),
      ...[...text("deploy/kubernetes.yaml").matchAll(/--from-literal=(\w+)/g)].map(([, name]) => name ?? ""),
    ]
    assert.deepStrictEqual(
      named.filter((name) => !known.includes(name)),
      [],
    )
  })
})
