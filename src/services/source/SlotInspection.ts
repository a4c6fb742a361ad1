/**
 * The queries of `status`. None reads the slot's changes, moves the slot or takes a lock, so that a running `cdc` is not
 * disturbed and nothing changes.
 */
import { Context, type Effect, type Option } from "effect"
import type { SourceError } from "./SourceError.ts"
import type { SlotSnapshot } from "./SourceInspection.ts"
import type { Relation, RelationsAsked, SourceIdentity } from "./SourceTables.ts"

/** The last statement of the session that holds the writer's lock, as the server reports it. */
export interface WriterActivity {
  /** True if it is idle, and its last statement read the state of slot and WAL. Otherwise it reads or confirms a batch. */
  readonly isIdle: boolean
  /** Since the start of its last statement, by the server's clock. */
  readonly seconds: number
}

export interface SlotActivity extends SlotSnapshot {
  readonly source: SourceIdentity
  /** None without a writer, or if this role may not read the statements of others. */
  readonly activity: Option.Option<WriterActivity>
}

export class SlotInspection extends Context.Service<
  SlotInspection,
  {
    /** For messages: `loja on db.example:5432`. */
    readonly location: string
    readonly slot: string
    /** Opens a session for each call, so that `status --watch` holds none in between. */
    readonly readState: Effect.Effect<SlotActivity, SourceError>
    /** As in a `ChangeVisit`, on a session of its own. */
    readonly relations: (asked: RelationsAsked) => Effect.Effect<ReadonlyArray<Relation>, SourceError>
  }
>()("afluente/services/SlotInspection") {}
