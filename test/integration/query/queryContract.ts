/** What the queries of `query/duckdb` and of `query/spark` answer alike. */
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import type { TestPostgres } from "../../support/postgres/postgres.ts"
import {
  type ClientsLake,
  expectedHours,
  expectedRows,
  historyOf,
  knownHistory,
  openBusyLake,
  openKnownLake,
} from "./clientsLake.ts"

/** The rows that a file of the folder answers about the lake, each value as text. */
export type Ask = (
  clients: ClientsLake,
  file: string,
) => Effect.Effect<ReadonlyArray<Readonly<Record<string, string | null>>>>

export const queryContract = (it: Vitest.MethodsNonLive<TestPostgres>, ask: Ask): void => {
  it.effect("tells the table as it is, though transactions were open during full", () =>
    Effect.gen(function* () {
      const clients = yield* openBusyLake()
      assert.deepStrictEqual(yield* ask(clients, "current_state.sql"), yield* expectedRows(clients))
    }),
  )

  it.effect("tells the history of a row in order, with the keys it had", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      assert.deepStrictEqual(historyOf(yield* ask(clients, "history_of_one.sql")), knownHistory)
    }),
  )

  it.effect("counts the changes of each hour", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      assert.deepStrictEqual(yield* ask(clients, "changes_per_hour.sql"), yield* expectedHours(clients))
    }),
  )
}
