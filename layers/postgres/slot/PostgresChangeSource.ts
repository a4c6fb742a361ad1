/** The changes of a slot, through PostgreSQL's SQL functions. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { Spool } from "../../../src/services/Spool.ts"
import {
  type ChangeSession,
  ChangeSource,
  type ReadTransactions,
} from "../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import { transactionReader } from "../../slot/TransactionReader.ts"
import { connectToPrimary } from "../connection/PostgresPrimary.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { identify, newXid, oldestTransaction, oldestXid, timelineOf } from "../connection/ServerFacts.ts"
import { keptColumns, unknownNames } from "../tables/PostgresKnownNames.ts"
import { relations } from "../tables/PostgresRelations.ts"
import { flushedTo, peek } from "./PostgresPeek.ts"
import { lsnOf, slotStateReader, subjectOf } from "./PostgresSlotState.ts"
import { slotLocks } from "./SlotLocks.ts"

/** Decoding that takes this long is stuck. The server ends it even if our end of the connection hangs. */
const peekTimeout = "1h"

const make = (address: SourceAddress, slot: string, spool: Spool["Service"]): ChangeSource["Service"] => {
  const subject = subjectOf(slot)
  const { readState } = slotStateReader(address, slot)

  /** The members of every session, with or without the lock. */
  const reading = Effect.fnUntraced(function* (session: PostgresSession) {
    yield* session.query(subject, `SET statement_timeout = '${peekTimeout}'`)
    return {
      source: yield* identify(session),
      timeline: yield* timelineOf(session),
      relations: relations(session),
      unknownNames: unknownNames(session),
      keptColumns: keptColumns(session),
      readState: readState(session),
      readTransactions: transactionReader(spool, peek(session, subject, slot)),
    }
  })

  /** Reads the state on a new session. `pid` is the session that must hold the lock. */
  const readStateElsewhere = (pid: string) =>
    Effect.gen(function* () {
      const session = yield* connectToPrimary(address, "slot")
      if (yield* slotLocks(session, slot).isWrittenBy(pid)) return yield* readState(session)
      const detail = "the writer's session has ended, and its lock with it"
      return yield* new SourceError({ reason: "Interrupted", subject, detail })
    }).pipe(Effect.scoped)

  const attach = Effect.gen(function* () {
    const session = yield* connectToPrimary(address, "cdc")
    if (!(yield* slotLocks(session, slot).takesWriterLock)) return Option.none<ChangeSession>()
    const view = yield* reading(session)
    /** A session cannot run other queries while its peek is read. */
    let isReading = false
    const readTransactions: ReadTransactions = (request, sink) =>
      Effect.suspend(() => {
        isReading = true
        return Effect.ensuring(
          view.readTransactions(request, sink),
          Effect.sync(() => {
            isReading = false
          }),
        )
      })
    const elsewhere = readStateElsewhere(session.server.pid)
    return Option.some<ChangeSession>({
      ...view,
      readState: Effect.suspend(() => (isReading ? elsewhere : view.readState)),
      readTransactions,
      ended: session.ended,
      newXid: newXid(session),
      oldestXid: oldestXid(session),
      confirm: (lsn) =>
        Effect.map(
          session.query(subject, "SELECT end_lsn::text AS lsn FROM pg_replication_slot_advance($1, $2)", [
            slot,
            Lsn.print(lsn),
          ]),
          (rows) => lsnOf(rows[0]?.["lsn"]),
        ),
    })
  })

  const visit = Effect.gen(function* () {
    const session = yield* connectToPrimary(address, "verify")
    return {
      ...(yield* reading(session)),
      flushedTo: (lsn: Lsn.Lsn) => flushedTo(session, lsn),
      oldestTransaction: oldestTransaction(session),
    }
  })

  return ChangeSource.of({ attach, visit })
}

export const layer = (address: SourceAddress, slot: string): Layer.Layer<ChangeSource, never, Spool> =>
  Layer.effect(
    ChangeSource,
    Effect.map(Spool, (spool) => make(address, slot, spool)),
  )
