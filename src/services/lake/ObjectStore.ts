/**
 * The lake: named, immutable objects in a bucket or a folder. Keys are relative to the prefix of `LAKE_URL`,
 * use `/` between parts, and are listed in the order of their bytes.
 */
import { Context, type Effect, type Option, type Scope, type Stream } from "effect"
import type { Area } from "../../core/lake/ObjectKey.ts"
import type { StoreError } from "./StoreError.ts"

export interface StoredObject {
  readonly key: string
  readonly bytes: number
  /** When the store says it was written, milliseconds since the epoch. */
  readonly writtenAt: number
}

/** An object being written. Nothing of it is visible before `commit` has succeeded, and all of it is after. */
export interface ObjectWriter {
  /** Appends. The bytes are copied or sent before this ends: the caller may use their buffer again. One at a time. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /**
   * Makes the object visible, durably. Fails with `Exists` when the key was taken meanwhile. When the answer is lost
   * the object may be there although this failed.
   */
  readonly commit: Effect.Effect<{ readonly bytes: number }, StoreError>
}

/**
 * How a new object is kept from replacing one: `fenced`, the store itself refuses a key that is taken, and is never asked
 * without that condition; `looked up`, the program looks first, and the store refuses where it knows how.
 */
export type Publish = "fenced" | "looked up"

/** A small object at one moment. */
export interface Versioned {
  readonly body: Uint8Array
  /** Changes with every write: a conditional write names it. */
  readonly version: string
  /**
   * What readers see under the key, where another program put something else there than was written under a condition.
   * Folders alone: in a bucket the key has one object.
   */
  readonly visible?: Uint8Array
  /** The version before, where the store keeps it. Folders alone. */
  readonly before?: Uint8Array
}

export class ObjectStore extends Context.Service<
  ObjectStore,
  {
    /** For messages: `s3://raw at http://localhost:9000`, `file:/var/lake`. */
    readonly location: string
    /**
     * Succeeds when this part of the lake can be used: a folder is made when missing, a missing bucket is an error. Nothing
     * outside of the part is touched, to which the right to write may be limited; nothing is left.
     */
    readonly check: (area: Area) => Effect.Effect<void, StoreError>
    /**
     * Begins an object of any size, in bounded memory. Closing the scope before `commit` leaves nothing behind.
     * `how` defaults to `looked up`.
     */
    readonly create: (key: string, how?: Publish) => Effect.Effect<ObjectWriter, StoreError, Scope.Scope>
    /** Writes a small object whole, replacing what stood there: readers see the old or the new one, never a part. */
    readonly put: (key: string, body: Uint8Array) => Effect.Effect<void, StoreError>
    /** A whole object in pieces; `NotFound` when there is none. */
    readonly read: (key: string) => Stream.Stream<Uint8Array, StoreError>
    /** At most `length` bytes from `offset`; the object must be there and `offset` inside it. */
    readonly readRange: (key: string, offset: number, length: number) => Effect.Effect<Uint8Array, StoreError>
    /**
     * Objects whose key starts with `prefix` (any text, not only whole folders), in key order, those after the key
     * `after` only. Objects being written and objects that this program did not make visible are not among them.
     */
    readonly list: (prefix: string, after?: string) => Stream.Stream<StoredObject, StoreError>
    /**
     * Whether the store itself refuses writes whose condition does not hold: a second creation in one request and in parts,
     * and the replacement of a version that is gone. Tried on the object `probe`, which is made and stays.
     */
    readonly honoursConditions: (probe: string) => Effect.Effect<boolean, StoreError>
    /** A small object with its version; none where there is no object. */
    readonly readVersion: (key: string) => Effect.Effect<Option.Option<Versioned>, StoreError>
    /**
     * Writes a small object where it still has this version, or where there is none yet. Returns the new version. Fails with
     * `Exists` where it has another version or is gone. When the answer is lost it may be written although this failed.
     */
    readonly replace: (
      key: string,
      body: Uint8Array,
      version: Option.Option<string>,
    ) => Effect.Effect<string, StoreError>
  }
>()("afluente/services/ObjectStore") {}
