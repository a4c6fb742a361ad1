/** How objects of CSV are stored: as they are, or as gzip. The watermark and manifests are never compressed. */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { CsvEnding } from "../../core/lake/ObjectKey.ts"
import type { ObjectWriter } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

export class Compression extends Context.Service<
  Compression,
  {
    /** How the names of new objects end. Readers know by it what is inside. */
    readonly ending: CsvEnding
    /** A writer of CSV around one of the bytes that are stored, for an object whose name ends so. */
    readonly around: (
      ending: CsvEnding,
      stored: ObjectWriter,
    ) => Effect.Effect<ObjectWriter, never, Scope.Scope>
    /** Decompresses by the key's ending, independent of the current setting. Fails with `Broken` where the bytes do not match the ending. */
    readonly plain: (
      key: string,
      stored: Stream.Stream<Uint8Array, StoreError>,
    ) => Stream.Stream<Uint8Array, StoreError>
  }
>()("afluente/services/Compression") {}
