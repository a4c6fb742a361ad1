/** What every bench is given, and what it is: parts that can be run one by one. */
import type { Effect, Scope } from "effect"
import type { EmbeddedPostgresError } from "../../layers/embedded/EmbeddedPostgresError.ts"
import type { SqlFailure } from "../../test/support/postgres/pgClient.ts"
import type { Result } from "./figures/Result.ts"
import type { Options } from "./Options.ts"
import type { Lake } from "./world/Lake.ts"
import type { Source } from "./world/Source.ts"

export interface BenchContext {
  readonly options: Options
  readonly source: Source
  /** Folder for what is made. */
  readonly place: string
  readonly lakes: ReadonlyArray<Lake>
  /** Whether a part is to be run. */
  readonly wants: (part: string) => boolean
  /** Takes a finding. */
  readonly found: (result: Result) => Effect.Effect<void>
}

export interface Bench {
  /** About how many bytes the server's data, its log and the lake take at once. */
  readonly room: (options: Options) => number
  readonly run: (
    context: BenchContext,
  ) => Effect.Effect<void, SqlFailure | EmbeddedPostgresError, Scope.Scope>
}
