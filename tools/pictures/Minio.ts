/** A MinIO server with its console, as `.ci/minio.sh` builds it. */
import { execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Effect, type Scope } from "effect"
import { eventually } from "../../test/support/eventually.ts"
import { freePort } from "../../test/support/network/ports.ts"

export interface Minio {
  /** Of the S3 interface. */
  readonly endpoint: string
  readonly console: string
  readonly accessKey: string
  readonly secretKey: string
}

/** The path of the binary; the first time it is built, which takes minutes and needs Go. */
const binary = (root: string) =>
  Effect.promise(async () => {
    const { stdout } = await promisify(execFile)(join(root, ".ci", "minio.sh"))
    return stdout.slice(0, stdout.indexOf("\n"))
  })

const isReady = (endpoint: string) =>
  Effect.promise(() =>
    fetch(`${endpoint}/minio/health/live`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )

/** Runs on loopback, with random keys and an empty folder, until the scope closes. Dies where it does not start. */
export const startMinio = (root: string): Effect.Effect<Minio, never, Scope.Scope> =>
  Effect.gen(function* () {
    const program = yield* binary(root)
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "afluente-minio-"))),
      (made) => Effect.promise(() => rm(made, { recursive: true, force: true, maxRetries: 3 })),
    )
    const [address, console] = [`127.0.0.1:${yield* freePort}`, `127.0.0.1:${yield* freePort}`]
    const [accessKey, secretKey] = [randomBytes(8).toString("hex"), randomBytes(16).toString("hex")]
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(program, ["server", "--quiet", "--address", address, "--console-address", console, folder], {
          env: {
            MINIO_ROOT_USER: accessKey,
            MINIO_ROOT_PASSWORD: secretKey,
            MINIO_UPDATE: "off",
            HOME: folder,
          },
          stdio: ["ignore", "ignore", "inherit"],
        }),
      ),
      (made) =>
        Effect.promise(
          () =>
            new Promise((resolve) => {
              if (made.exitCode !== null || !made.kill("SIGKILL")) resolve(undefined)
              else made.once("close", resolve)
            }),
        ),
    )
    const endpoint = `http://${address}`
    yield* eventually(
      "MinIO answers",
      Effect.suspend(() =>
        child.exitCode === null ? isReady(endpoint) : Effect.die(new Error("MinIO ended at its start")),
      ),
    )
    return { endpoint, console: `http://${console}`, accessKey, secretKey }
  })
