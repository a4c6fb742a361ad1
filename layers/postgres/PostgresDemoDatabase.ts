/** One session for the demo's SQL, because temporary tables end with their session. */
import { Effect, Layer } from "effect"
import type { SourceAddress } from "../../src/core/source/SourceAddress.ts"
import { DemoDatabase } from "../../src/services/source/DemoDatabase.ts"
import type { SourceError } from "../../src/services/source/SourceError.ts"
import { connectToPrimary } from "./connection/PostgresPrimary.ts"

export const layer = (address: SourceAddress): Layer.Layer<DemoDatabase, SourceError> =>
  Layer.effect(
    DemoDatabase,
    Effect.map(connectToPrimary(address, "demo"), (session) =>
      DemoDatabase.of({
        run: (sql) => Effect.asVoid(session.query("demo SQL", sql)),
        query: (sql) => session.query("demo SQL", sql),
        load: (sql, bytes) => session.load("demo SQL", sql, bytes),
      }),
    ),
  )
