/**
 * What `status` asks the source. Nothing of it reads the slot's changes, moves it or takes a lock: a `cdc` that runs is
 * not disturbed, and where none runs nothing is changed.
 */
import { Context, type Effect, type Option } from "effect"
import type { SourceError } from "./SourceError.ts"
import type { SlotSnapshot } from "./SourceInspection.ts"
import type { Relation, RelationsAsked, SourceIdentity } from "./SourceTables.ts"

/** What the session that holds the writer's lock did last, as the server sees it. */
export interface WriterActivity {
  /** It is idle, and its last statement read the state of slot and WAL. Otherwise it reads or confirms a batch. */
  readonly isIdle: boolean
  /** Since the start of its last statement, by the server's clock. */
  readonly seconds: number
}

export interface SlotActivity extends SlotSnapshot {
  readonly source: SourceIdentity
  /** None without a writer, or where this role may not see what others do. */
  readonly activity: Option.Option<WriterActivity>
}

export class SlotInspection extends Context.Service<
  SlotInspection,
  {
    /** For messages: `loja on db.example:5432`. */
    readonly location: string
    readonly slot: string
    /** A session of its own each time, so that whoever asks for hours holds none. */
    readonly readState: Effect.Effect<SlotActivity, SourceError>
    /** As in a `ChangeVisit`, on a session of its own. */
    readonly relations: (asked: RelationsAsked) => Effect.Effect<ReadonlyArray<Relation>, SourceError>
  }
>()("afluente/services/SlotInspection") {}
