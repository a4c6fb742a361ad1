/** The logical slots of the PostgreSQL in memory. A call without a session acts as another consumer. */
import { Effect, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SlotLine } from "../../../src/core/slot/SlotLine.ts"
import type { ReadRequest } from "../../../src/services/source/ChangeSource.ts"
import type { SlotState } from "../../../src/services/source/ReplicationSlot.ts"
import { SourceError, type SourceReason } from "../../../src/services/source/SourceError.ts"
import type { IsKnown, MemoryWal } from "./MemoryWal.ts"

interface Slot {
  confirmed: Lsn.Lsn
  /** The confirmed LSN at the last checkpoint: the server's disk has it after a crash. */
  saved: Lsn.Lsn
  walStatus: string
}

export class MemorySlots {
  readonly #wal: MemoryWal
  readonly #slots = new Map<string, Slot>()

  constructor(wal: MemoryWal) {
    this.#wal = wal
  }

  /** Creates a slot. Returns false if the name is taken. */
  create(name: string): boolean {
    if (this.#slots.has(name)) return false
    this.#slots.set(name, { confirmed: this.#wal.flushed, saved: this.#wal.flushed, walStatus: "reserved" })
    return true
  }

  drop(name: string): void {
    this.#slots.delete(name)
  }

  find(name: string): Readonly<Slot> | undefined {
    return this.#slots.get(name)
  }

  /** Returns the state as in `pg_replication_slots`. */
  state(name: string): Option.Option<SlotState> {
    return Option.map(Option.fromUndefinedOr(this.#slots.get(name)), ({ confirmed, walStatus }) => ({
      confirmed,
      restart: Option.some(confirmed),
      walStatus,
    }))
  }

  /** Loses the slot: its retained WAL exceeds `max_slot_wal_keep_size`. */
  lose(name: string): void {
    const slot = this.#slots.get(name)
    if (slot !== undefined) slot.walStatus = "lost"
  }

  /** `pg_logical_slot_peek_changes`, without BEGIN. */
  peek(
    name: string,
    request: ReadRequest,
    isKnown?: IsKnown,
  ): Effect.Effect<ReadonlyArray<SlotLine>, SourceError> {
    return Effect.map(this.#usable(name), (slot) =>
      this.#wal.read(slot.confirmed, request, isKnown).filter(({ text }) => !text.startsWith("BEGIN ")),
    )
  }

  /** `pg_replication_slot_advance`: never beyond the flushed WAL, never back. */
  advance(name: string, lsn: Lsn.Lsn): Effect.Effect<Lsn.Lsn, SourceError> {
    return Effect.flatMap(this.#usable(name), (slot) => {
      const reached = lsn < this.#wal.flushed ? lsn : this.#wal.flushed
      if (reached < slot.confirmed) {
        const detail = `cannot advance to ${Lsn.print(reached)}, minimum is ${Lsn.print(slot.confirmed)}`
        return Effect.fail(failure("Failed", name, detail))
      }
      slot.confirmed = reached
      return Effect.succeed(reached)
    })
  }

  checkpoint(): void {
    for (const slot of this.#slots.values()) slot.saved = slot.confirmed
  }

  /** Restores the positions after a crash: each confirmed LSN is on disk only since the last checkpoint. */
  fallBack(): void {
    for (const slot of this.#slots.values()) slot.confirmed = slot.saved
  }

  #usable(name: string): Effect.Effect<Slot, SourceError> {
    return Effect.suspend(() => {
      const slot = this.#slots.get(name)
      if (slot === undefined) return Effect.fail(failure("SlotMissing", name, "it does not exist"))
      return slot.walStatus === "lost"
        ? Effect.fail(failure("SlotLost", name, "can no longer get changes from it"))
        : Effect.succeed(slot)
    })
  }
}

const failure = (reason: SourceReason, slot: string, detail: string): SourceError =>
  new SourceError({ reason, subject: `slot "${slot}"`, detail })
