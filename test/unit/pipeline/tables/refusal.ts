/** A program that refuses to go on: it fails as a table says, and leaves lake and slot as they were. */
import { assert, it } from "@effect/vitest"
import { Effect, type Layer, Runtime } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import {
  ana,
  cdcOnce,
  failureOf,
  lakeKeys,
  put,
  settings,
  shop,
  slotName,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

type World = Layer.Success<ReturnType<typeof world>>

interface Refused {
  /** What the world is before. Returns what the message must say of it, beside `says`. */
  readonly given: Effect.Effect<unknown, unknown, World>
  readonly run: Effect.Effect<unknown, Error & { readonly reason: string }, World>
  readonly variables?: Readonly<Record<string, string>>
  readonly reason: string
  readonly code?: number
  /** Parts of the message: what was found, and the remedy. */
  readonly says: ReadonlyArray<string>
}
export type Cases = Readonly<Record<string, Omit<Refused, "run"> & Partial<Pick<Refused, "run">>>>

export const check = (title: string, refused: Refused) =>
  it.effect(title, () =>
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const found = yield* refused.given
      const [keys, slot] = [yield* lakeKeys, server.slots.find(slotName)?.confirmed]
      const error = yield* failureOf(refused.run)
      assert.strictEqual(error.reason, refused.reason)
      assert.strictEqual(Runtime.getErrorExitCode(error), refused.code ?? 3)
      for (const part of [
        ...refused.says,
        ...(Array.isArray(found) ? found.filter((one) => typeof one === "string") : []),
      ])
        assert.include(error.message, part)
      assert.notInclude(error.message, "secret")
      assert.deepStrictEqual(yield* lakeKeys, keys)
      assert.strictEqual(server.slots.find(slotName)?.confirmed, slot)
    }).pipe(Effect.provide(world(refused.variables))),
  )

/** A lake that has been written to. */
export const written = Effect.gen(function* () {
  const all = yield* shop
  const lsn = yield* all.server.transact((tx) => tx.insert(all.clientes, ana))
  yield* cdcOnce
  return { ...all, lsn }
})
type Written = Effect.Success<typeof written>

/** What happens to a lake that has been written to, and which positions the message names. */
export const writtenThen = <E, R>(
  act: (all: Written) => Effect.Effect<ReadonlyArray<Lsn.Lsn>, E, R>,
): Effect.Effect<
  ReadonlyArray<string>,
  E | Effect.Error<typeof written>,
  R | Effect.Services<typeof written>
> => Effect.map(Effect.flatMap(written, act), (positions) => positions.map(Lsn.print))

/** The watermark with one of its lines changed. */
export const rewrite = (line: RegExp, text: string) =>
  Effect.flatMap(watermarkLines, (lines) =>
    put("inc/_watermark.txt", `${lines.map((one) => one.replace(line, text)).join("\n")}\n`),
  )

export const withWatermark = (text: string) => Effect.andThen(shop, put("inc/_watermark.txt", text))
export const withNewest = (text: string) =>
  writtenThen(() => Effect.as(put("inc/date=20251103/cdc_20251103_235959.csv", text), []))
export const under = (variables: Readonly<Record<string, string>>, run: typeof cdcOnce = cdcOnce) =>
  Effect.provide(run, settings(variables))

export const foreign = (line: RegExp, text: string, says: string) => ({
  given: writtenThen(() => Effect.as(rewrite(line, text), [])),
  reason: "ForeignWatermark",
  says: [says, "choose another LAKE_URL"],
})
export const otherServer = foreign(
  /^system_identifier=.*/,
  "system_identifier=1",
  'system_identifier) "1" instead of "7423642870011110000"',
)
export const otherDatabase = foreign(/^database=.*/, "database=outra", 'database "outra" instead of "loja"')

export const otherLayout = { given: written, reason: "OtherLayout" }
export const brokenWatermark = {
  given: withWatermark("not a position\n"),
  reason: "BrokenWatermark",
  says: ["inc/_watermark.txt cannot be read", "line 1 is not a position", "Restore its last good version"],
}
