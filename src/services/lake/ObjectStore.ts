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
  /** The store's time of the write, milliseconds since 1970. */
  readonly writtenAt: number
}

/** An object being written. It is not visible before `commit`, and visible whole after it. */
export interface ObjectWriter {
  /** Appends. Copies or sends the bytes before it ends, so that the caller may reuse their buffer. One call at a time. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /**
   * Makes the object visible, durably. Fails with `Exists` if the key was taken meanwhile. If the answer is lost, this fails
   * although the object may exist.
   */
  readonly commit: Effect.Effect<{ readonly bytes: number }, StoreError>
}

/**
 * How a new object is prevented from replacing another. `fenced`: the store refuses a key that is taken, and every request has
 * that condition. `looked up`: the program checks first, and the store refuses if it can.
 */
export type Publish = "fenced" | "looked up"

/** A small object as it was read. */
export interface Versioned {
  readonly body: Uint8Array
  /** Changes with every write. A conditional write names it. */
  readonly version: string
  /**
   * The content that readers see under the key, if another program replaced what was written with a condition. Only in folders:
   * in a bucket a key has one object.
   */
  readonly visible?: Uint8Array
  /** The version before, if the store keeps it. Only in folders. */
  readonly before?: Uint8Array
}

export class ObjectStore extends Context.Service<
  ObjectStore,
  {
    /** For messages: `s3://raw at http://localhost:9000`, `file:/var/lake`. */
    readonly location: string
    /**
     * Succeeds if this part of the lake can be used. Creates a missing folder; a missing bucket is an error. Touches nothing
     * outside of the part, because the right to write may be limited to it, and leaves nothing behind.
     */
    readonly check: (area: Area) => Effect.Effect<void, StoreError>
    /**
     * Begins an object of any size, in bounded memory. If the scope closes before `commit`, nothing is left behind.
     * `how` defaults to `looked up`.
     */
    readonly create: (key: string, how?: Publish) => Effect.Effect<ObjectWriter, StoreError, Scope.Scope>
    /** Writes a small object whole, and replaces any other: readers see the old or the new one, never a part. */
    readonly put: (key: string, body: Uint8Array) => Effect.Effect<void, StoreError>
    /** Reads a whole object in chunks. Fails with `NotFound` if there is none. */
    readonly read: (key: string) => Stream.Stream<Uint8Array, StoreError>
    /** Reads at most `length` bytes from `offset`. The object must exist, and `offset` must be inside it. */
    readonly readRange: (key: string, offset: number, length: number) => Effect.Effect<Uint8Array, StoreError>
    /**
     * Lists objects whose key starts with `prefix` (any text, not only whole folders) and is after the key `after`, in key
     * order. Leaves out objects being written, and those that this program did not make visible.
     */
    readonly list: (prefix: string, after?: string) => Stream.Stream<StoredObject, StoreError>
    /**
     * Returns true if the store refuses writes whose condition does not hold: a second creation in one request and in parts,
     * and the replacement of a version that is gone. Tries that on the object `probe`, which it creates and leaves.
     */
    readonly honoursConditions: (probe: string) => Effect.Effect<boolean, StoreError>
    /** Reads a small object with its version. Returns none if there is no object. */
    readonly readVersion: (key: string) => Effect.Effect<Option.Option<Versioned>, StoreError>
    /**
     * Writes a small object if it still has this version, or if there is none yet. Returns the new version. Fails with `Exists`
     * if it has another version or is gone. If the answer is lost, this fails although the object may be written.
     */
    readonly replace: (
      key: string,
      body: Uint8Array,
      version: Option.Option<string>,
    ) => Effect.Effect<string, StoreError>
  }
>()("afluente/services/ObjectStore") {}
