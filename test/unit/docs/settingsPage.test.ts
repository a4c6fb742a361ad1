import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option } from "effect"
import { Settings } from "../../../src/settings/Settings.ts"
import { environmentExample, settingsPage } from "../../../tools/docs/settingsPage.ts"

const example = new URL("../../../.env.example", import.meta.url)

it("docs/settings.md says what the table says (`npm run docs` writes it anew)", () => {
  const written = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8")
  assert.strictEqual(written, settingsPage())
})

it(".env.example says what the table says (`npm run docs` writes it anew)", () => {
  assert.strictEqual(readFileSync(example, "utf8"), environmentExample())
})

it.effect(".env.example is a .env that the program takes", () =>
  Effect.gen(function* () {
    const provider = yield* ConfigProvider.fromDotEnv({ path: fileURLToPath(example) })
    const settings = yield* Settings.pipe(
      Effect.provide(Settings.layer),
      Effect.provideService(ConfigProvider.ConfigProvider, provider),
    )
    assert.strictEqual(Option.getOrThrow(settings.s3).accessKey, "minioadmin")
  }).pipe(Effect.provide(NodeFileSystem.layer)),
)
