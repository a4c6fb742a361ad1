/** Writes the rows of a copy as objects of about FULL_OBJECT_SIZE, those of each of its parts as objects of its own. */
import { Effect, Exit, Option, Scope, Stream } from "effect"
import type { CopiedObject } from "../core/lake/Manifest.ts"
import type { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { RowFormat } from "../services/lake/RowFormat.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { CopiedRows, RowStream, TableCopy } from "../services/source/SourceTables.ts"
import { type TableObject, tableObject } from "./TableObject.ts"

export interface ObjectPlan {
  /** Returns the key of the next object. Each call has a later one. */
  readonly nextKey: () => string
  /** Soft bound of an object, in bytes of CSV. A table that is not larger on disk is one part, however many sessions read it. */
  readonly bound: number
  /** The leaf that the rows are of, as printed in SQL. */
  readonly partition: string | undefined
  readonly onBytes: (bytes: number) => void
}

type Lake = ObjectStore | RowFormat

/** An object that is not visible yet. */
interface OpenObject {
  readonly key: string
  readonly object: TableObject
  readonly scope: Scope.Closeable
  rows: number
  csvBytes: number
}

export class RowObjects {
  readonly #plan: ObjectPlan
  readonly #scope: Scope.Scope
  #header: Uint8Array = new Uint8Array()
  readonly #finished: Array<CopiedObject> = []
  /** Of each part, the object that its last rows are in. */
  readonly #open = new Set<OpenObject>()

  /** What is not finished when the scope closes is removed. */
  constructor(plan: ObjectPlan, scope: Scope.Scope) {
    this.#plan = plan
    this.#scope = scope
  }

  #begin(): Effect.Effect<OpenObject, StoreError, Lake> {
    return Effect.gen({ self: this }, function* () {
      const key = this.#plan.nextKey()
      const scope = yield* Scope.fork(this.#scope)
      const object = yield* Scope.provide(tableObject(key), scope)
      yield* object.write(this.#header)
      const open: OpenObject = { key, object, scope, rows: 0, csvBytes: this.#header.length }
      this.#open.add(open)
      return open
    })
  }

  #finish(open: OpenObject): Effect.Effect<void, StoreError> {
    return Effect.gen({ self: this }, function* () {
      const { bytes, md5 } = yield* open.object.commit
      yield* Scope.close(open.scope, Exit.void)
      this.#open.delete(open)
      const { partition } = this.#plan
      const leaf = partition === undefined ? {} : { partition }
      this.#finished.push({ object: open.key, rows: open.rows, bytes, md5, ...leaf })
    })
  }

  /** Appends rows. Returns true if the object has reached its bound at the end of a row. */
  #append(open: OpenObject, { bytes, rows, endsRow }: CopiedRows): Effect.Effect<boolean, StoreError> {
    return Effect.map(open.object.write(bytes), () => {
      this.#plan.onBytes(bytes.length)
      open.rows += rows
      open.csvBytes += bytes.length
      return endsRow && open.csvBytes >= this.#plan.bound
    })
  }

  /**
   * Writes the rows of one part. Its last object stays open. No generator per chunk: V8 would promote each chunk with it, and
   * collect the old space each few MB (measured: 1.5 times the processor time of the whole copy).
   */
  #write(rows: RowStream): Effect.Effect<void, SourceError | StoreError, Lake> {
    return Effect.suspend(() => {
      let current: OpenObject | undefined
      const begin = Effect.map(this.#begin(), (open) => {
        current = open
        return open
      })
      const finish = (open: OpenObject) => {
        current = undefined
        return this.#finish(open)
      }
      const write = (open: OpenObject, chunk: CopiedRows) =>
        Effect.flatMap(this.#append(open, chunk), (isFull) => (isFull ? finish(open) : Effect.void))
      return Stream.runForEach(rows, (chunk) =>
        current === undefined ? Effect.flatMap(begin, (open) => write(open, chunk)) : write(current, chunk),
      )
    })
  }

  /** Writes all rows, and ends the copy's sessions. The last object of each part is not visible yet. */
  writeAll(copy: TableCopy): Effect.Effect<void, SourceError | StoreError, Lake> {
    return Effect.gen({ self: this }, function* () {
      const { header, parts } = yield* copy.open(this.#plan.bound)
      this.#header = header
      yield* Effect.forEach(parts, (rows) => this.#write(rows), { concurrency: "unbounded", discard: true })
    }).pipe(Effect.scoped)
  }

  /** Makes the rest visible. Returns all objects in the order of their names; none if there are no rows. */
  get finish(): Effect.Effect<ReadonlyArray<CopiedObject>, StoreError> {
    return Effect.suspend(() =>
      Effect.forEach([...this.#open], (open) => this.#finish(open), {
        concurrency: "unbounded",
        discard: true,
      }),
    ).pipe(
      Effect.andThen(
        Effect.sync(() => this.#finished.toSorted((one, other) => (one.object < other.object ? -1 : 1))),
      ),
    )
  }

  /** Returns an object of the header alone. */
  get empty(): Effect.Effect<CopiedObject, StoreError, Lake> {
    return Effect.andThen(
      this.#begin(),
      Effect.map(this.finish, (all) => Option.getOrThrow(Option.fromUndefinedOr(all[0]))),
    )
  }
}
