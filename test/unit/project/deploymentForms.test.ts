/** The deployment files against the definitions of their formats: a misspelled key is ignored or refused only where they are used. */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { DCLinter } from "dclint"
import { Schema } from "effect"
import { parseAllDocuments } from "yaml"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const compose = await readFile(join(root, "compose.yaml"), "utf8")
const kubernetes = await readFile(join(root, "deploy/kubernetes.yaml"), "utf8")

/** Runs it with a folder that is there only meanwhile. */
const inFolder = async <A>(parent: string, use: (folder: string) => Promise<A>): Promise<A> => {
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, "deployment-"))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const Message = Schema.Struct({ type: Schema.String, rule: Schema.String, message: Schema.String })
const decodeFound = Schema.decodeUnknownSync(
  Schema.Tuple([Schema.Struct({ messages: Schema.Array(Message) })]),
)

/** What the schema of the Compose specification, and rules for duplicate names and ports, have against the text. */
const composeErrors = (text: string) =>
  inFolder(tmpdir(), async (folder) => {
    const file = join(folder, "compose.yaml")
    await writeFile(file, text)
    // The image is built here, and has a name.
    const linter = new DCLinter({
      rules: { "no-build-and-image": 0 },
      quiet: true,
      debug: false,
      exclude: [],
    })
    const [{ messages }] = decodeFound(linter.lintFiles([file], false))
    return messages.filter(({ type }) => type === "error").map(({ rule, message }) => `${rule}: ${message}`)
  })

/** Where the types of Kubernetes' API have each kind. */
const moduleOf: Readonly<Record<string, string>> = {
  "v1 ConfigMap": "core/v1",
  "apps/v1 Deployment": "apps/v1",
  "batch/v1 Job": "batch/v1",
  "batch/v1 CronJob": "batch/v1",
}

/** What the types of Kubernetes' API have against the manifests: each becomes a literal, which the compiler checks. */
const kubernetesErrors = (text: string) =>
  // Inside the project, from where the compiler finds the types.
  inFolder(join(root, "node_modules", ".cache"), async (folder) => {
    const literals = parseAllDocuments(text).map((document, i) => {
      const manifest: unknown = document.toJS()
      const [kind, version] = [document.get("kind"), document.get("apiVersion")]
      return `import type { ${kind} as Kind${i} } from "kubernetes-types/${moduleOf[`${version} ${kind}`]}"
export const manifest${i}: Kind${i} = ${JSON.stringify(manifest, null, 2)}`
    })
    const file = join(folder, "manifests.ts")
    await writeFile(file, literals.join("\n"))
    const options = ["--noEmit", "--strict", "--ignoreConfig", "--module", "preserve", "--types", ""]
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc")
    return promisify(execFile)(process.execPath, [compiler, ...options, file], { cwd: root }).then(
      () => "",
      ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => stdout + stderr,
    )
  })

const replaced = (text: string, from: string, to: string): string => {
  assert.include(text, from)
  return text.replace(from, to)
}

describe("the deployment files", () => {
  it("have the form that Compose reads", async () => {
    assert.deepStrictEqual(await composeErrors(compose), [])
  })

  it.each([
    ["a key that Compose does not know", "start_period:", "start_perod:"],
    ["a value of another type", "stop_grace_period: 30s", "stop_grace_period: [30s]"],
    ["a port that two services publish", "127.0.0.1:9000:9000", "127.0.0.1:5432:9000"],
  ])("would not pass with %s", async (_, from, to) => {
    assert.lengthOf(await composeErrors(replaced(compose, from, to)), 1)
  })

  it("have the form that Kubernetes reads", async () => {
    assert.strictEqual(await kubernetesErrors(kubernetes), "")
  })

  it("would not pass with a key that Kubernetes does not know", async () => {
    const errors = await kubernetesErrors(replaced(kubernetes, "livenessProbe:", "livenesProbe:"))
    assert.match(errors, /'"livenesProbe"' does not exist in type 'Container'/)
  })
})
