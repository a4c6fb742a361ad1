/**
 * One session that writes: transactions with savepoints, rollbacks and mistakes. What it keeps is what the server said
 * of each change that was committed.
 */
import { Effect, Result } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { SqlFailure, TestSession } from "../../../test/support/postgres/pgClient.ts"
import type { Random } from "../../../test/support/Random.ts"
import type { Witnessed, WitnessedTransaction } from "../verdict/witness.ts"
import type { World } from "../world.ts"
import { changeColumns, changeTypes, moveTables } from "./definitions.ts"
import { deleteRows, emitMessage, insertRows, truncateTables, updateRows } from "./statements.ts"

/** A table to write to; without a dataset nobody follows it. */
export interface Place {
  readonly table: TableName
  readonly dataset?: string
  /** Where it goes when it is taken away for a while. */
  readonly away: TableName
}

export interface Pen {
  readonly session: TestSession
  readonly dice: Random
  readonly world: World
  readonly places: ReadonlyArray<Place>
}

export interface Writer {
  readonly pen: Pen
  isOpen: boolean
  /** It changed or emptied tables as a whole: nobody else can use them until it ends. */
  holdsTables: boolean
  /** It changed types: the server cannot print values of them until it ends. */
  holdsTypes: boolean
  pending: Array<Witnessed>
  savepoints: Array<number>
}

export interface Tally {
  statements: number
  /** Statements that changed types. */
  typeChanges: number
  mistakes: Map<string, number>
}

/** The statements of one step; each tells what it changed. */
const statement = (
  writer: Writer,
  allowed: { readonly definitions: boolean },
): Effect.Effect<ReadonlyArray<Witnessed>, SqlFailure> => {
  const { pen } = writer
  const kind = pen.dice.weighted({
    insert: 10,
    update: 8,
    delete: 3,
    message: 0.5,
    truncate: 0.5,
    columns: allowed.definitions ? 1.5 : 0,
    tables: allowed.definitions ? 0.7 : 0,
    types: allowed.definitions ? 0.2 : 0,
  })
  switch (kind) {
    case "insert":
      return insertRows(pen)
    case "update":
      return updateRows(pen)
    case "delete":
      return deleteRows(pen)
    case "message":
      return emitMessage(pen)
    case "truncate":
      writer.holdsTables = true
      return truncateTables(pen)
    case "columns":
      writer.holdsTables = true
      return changeColumns(pen)
    case "types":
      writer.holdsTypes = true
      return changeTypes(pen)
    case "tables":
      writer.holdsTables = true
      return moveTables(pen)
  }
}

const forget = (writer: Writer): void => {
  writer.isOpen = false
  writer.holdsTables = false
  writer.holdsTypes = false
  writer.pending = []
  writer.savepoints = []
}

const attempt = Effect.fnUntraced(function* (
  writer: Writer,
  tally: Tally,
  allowed: { readonly definitions: boolean },
) {
  const { session, dice } = writer.pen
  const isGuarded = dice.is(0.7)
  if (isGuarded) yield* session.sql("SAVEPOINT guard")
  const told = yield* Effect.result(statement(writer, allowed))
  tally.statements++
  if (writer.holdsTypes) tally.typeChanges++
  if (Result.isSuccess(told)) {
    writer.pending.push(...told.success)
    if (isGuarded && dice.is(0.5)) yield* session.sql("RELEASE guard")
    return
  }
  const { code } = told.failure
  tally.mistakes.set(code, (tally.mistakes.get(code) ?? 0) + 1)
  if (isGuarded) yield* session.sql("ROLLBACK TO guard")
  else {
    yield* session.sql("ROLLBACK")
    forget(writer)
  }
})

export const makeWriter = (pen: Pen): Writer => ({
  pen,
  isOpen: false,
  holdsTables: false,
  holdsTypes: false,
  pending: [],
  savepoints: [],
})

/** Ends what is open; the transaction where it told anything. */
export const commit = Effect.fnUntraced(function* (writer: Writer) {
  const { session } = writer.pen
  if (!writer.isOpen) return undefined
  const [ids] = yield* session.sql("SELECT pg_current_xact_id_if_assigned()::xid AS xid")
  yield* session.sql("COMMIT")
  const transaction: WitnessedTransaction = { xid: ids?.["xid"] ?? "", changes: writer.pending }
  forget(writer)
  return transaction
})

/** One step of a transaction, a new one where none is open. Answers the transaction that this step has committed. */
export const step = Effect.fnUntraced(function* (
  writer: Writer,
  tally: Tally,
  allowed: { readonly definitions: boolean },
) {
  const { session, dice } = writer.pen
  if (!writer.isOpen) {
    yield* session.sql("BEGIN")
    writer.isOpen = true
  }
  switch (
    dice.weighted({
      statement: 12,
      savepoint: 1,
      back: writer.savepoints.length > 0 ? 1 : 0,
      commit: 4,
      rollback: 0.4,
    })
  ) {
    case "statement":
      yield* attempt(writer, tally, allowed)
      return undefined
    case "savepoint":
      yield* session.sql(`SAVEPOINT s${writer.savepoints.length}`)
      writer.savepoints.push(writer.pending.length)
      return undefined
    case "back": {
      const to = dice.between(0, writer.savepoints.length - 1)
      yield* session.sql(`ROLLBACK TO s${to}`)
      writer.pending.length = writer.savepoints[to] ?? 0
      writer.savepoints.length = to + 1
      return undefined
    }
    case "commit":
      return yield* commit(writer)
    case "rollback":
      yield* session.sql("ROLLBACK")
      forget(writer)
      return undefined
  }
})
