/** Every form of an address reaches the server that psql reaches with it, as the same user, in the same database. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Result } from "effect"
import { connect } from "../../../layers/postgres/connection/PostgresSession.ts"
import { source } from "../../../src/settings/SourceSettings.ts"
import { forms } from "../../support/libpq/libpqForms.ts"
import { formKey, libpqWorld, type Outcome } from "../../support/libpq/libpqWorld.ts"

/** What psql 15 did, written by `test/golden/captureLibpq.ts`. */
const golden: Readonly<Record<string, Outcome>> = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../golden/libpq/forms.json", import.meta.url)), "utf8"),
)

const settingsOf = (url: string, environment: Record<string, string>) =>
  Effect.result(
    Effect.provide(
      source,
      Layer.merge(
        NodeFileSystem.layer,
        ConfigProvider.layer(
          ConfigProvider.fromUnknown({ ...environment, ...(url === "" ? {} : { DATABASE_URL: url }) }),
        ),
      ),
    ),
  )

describe("an address", () => {
  it("is tried in as many forms as psql was", () => {
    assert.deepStrictEqual(Object.keys(golden), forms.map(formKey))
  })

  for (const form of forms) {
    it.live(`means to us what it means to psql: ${formKey(form)}`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const world = yield* libpqWorld
          const { url, environment } = world.prepare(form)
          const read = yield* settingsOf(url, environment)
          const isConnected = Result.isSuccess(read)
            ? yield* Effect.isSuccess(Effect.scoped(connect(read.success, "test")))
            : false
          const ours = world.outcome(isConnected, "afluente test")
          if (form.refused === undefined) return assert.deepStrictEqual(ours, golden[formKey(form)])
          assert.deepStrictEqual(ours, { isConnected: false, heard: [] })
          assert.include(Result.isFailure(read) ? read.failure.join() : "", form.refused)
        }),
      ),
    )
  }
})
