/** A new dataset must not get a name under which readers miss its rows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Runtime } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import {
  cdcOnce,
  ended,
  exitCode,
  failureOf,
  lakeKeys,
  put,
  settings,
  shop,
  slotName,
  world,
} from "../../../support/memory/memoryWorld.ts"

const bucket = { LAKE_URL: "s3://raw", MINIO_ACCESS_KEY: "a", MINIO_SECRET_KEY: "b" }
const hidden = { SOURCE_TABLES: "db_loja.cliente=_clientes, db_loja.pedido=pedidos" }
const twins = { SOURCE_TABLES: "db_loja.cliente=Dados, db_loja.pedido=dados" }

/** Ends with 2 before anything stands in the lake. */
const refuses = <A, E extends { readonly message: string }, R>(
  program: Effect.Effect<A, E, R>,
  words: RegExp,
) =>
  Effect.gen(function* () {
    const before = yield* lakeKeys
    const error = yield* failureOf(program)
    assert.match(error.message, words)
    assert.strictEqual(Runtime.getErrorExitCode(error), 2)
    assert.deepStrictEqual(yield* lakeKeys, before)
  })

const succeeds = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.map(ended(program), (exit) => assert.strictEqual(exitCode(exit), 0))

type Command = Effect.Effect<
  unknown,
  Effect.Error<typeof Pipeline.full> | Effect.Error<typeof cdcOnce>,
  Effect.Services<typeof Pipeline.full> | Effect.Services<typeof cdcOnce>
>

const commands: ReadonlyArray<readonly [string, Command]> = [
  ["full", Pipeline.full],
  ["cdc", cdcOnce],
]

const copied = put("full/_clientes/date=20251102/full__clientes_20251102_101530.csv", "id\n")

const followed = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  const position = Lsn.print(Option.getOrThrow(Option.fromNullishOr(server.slots.find(slotName))).confirmed)
  const key = "inc/_clientes/date=20251102/cdc_20251102_101530.csv"
  yield* put(
    key,
    "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id\nI,00000000/00000001,1,5,2025-11-02 10:15:30+00,,,1\n",
  )
  yield* put("inc/_watermark.txt", `${position}\nlayout=datasets\nobject._clientes=${key}\n`)
})

for (const [name, command] of commands) {
  describe(`${name}, where a dataset is new,`, () => {
    it.effect('refuses a name that begins with "_"', () =>
      Effect.andThen(
        shop,
        refuses(command, /"_clientes" .* begins with "_".*Spark.*"cliente"=clientes/),
      ).pipe(Effect.provide(world(hidden))),
    )

    it.effect("refuses a name that differs from another by case only, in a folder", () =>
      Effect.andThen(shop, refuses(command, /"Dados" and "dados" differ by case only.*SOURCE_TABLES/)).pipe(
        Effect.provide(world(twins)),
      ),
    )

    it.effect("takes such names in a bucket, where keys differ", () =>
      Effect.andThen(shop, succeeds(command)).pipe(Effect.provide(world({ ...twins, ...bucket }))),
    )
  })

  describe(`${name}, where the lake has a dataset already,`, () => {
    for (const [what, made] of [
      ["a copy of it", copied],
      ["a watermark that names it", followed],
    ] as const) {
      it.effect(`goes on under a name that begins with "_": ${what}`, () =>
        Effect.gen(function* () {
          yield* shop
          yield* made
          yield* succeeds(command)
        }).pipe(Effect.provide(world(hidden))),
      )
    }

    it.effect("refuses another one whose name differs by case only", () =>
      Effect.gen(function* () {
        yield* shop
        yield* Effect.provide(
          Pipeline.full,
          settings({ SOURCE_TABLES: "db_loja.cliente=Dados", LAKE_LAYOUT: "datasets" }),
        )
        yield* refuses(command, /new dataset "dados" and "Dados" differ/)
      }).pipe(Effect.provide(world(twins))),
    )
  })
}
