/** Runs the demo's SQL: sample rows for `init --demo`, and everything else for `demo`. */
import { Context, type Effect } from "effect"
import type { SourceError } from "./SourceError.ts"

export class DemoDatabase extends Context.Service<
  DemoDatabase,
  {
    /** Several statements at once, in one transaction unless they say otherwise. */
    readonly run: (sql: string) => Effect.Effect<void, SourceError>
    /** Rows of one statement, every value as PostgreSQL's text. */
    readonly query: (
      sql: string,
    ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, string | null>>>, SourceError>
    /** Sends bytes to a `COPY … FROM STDIN`. */
    readonly load: (sql: string, bytes: Uint8Array) => Effect.Effect<void, SourceError>
  }
>()("afluente/services/DemoDatabase") {}
