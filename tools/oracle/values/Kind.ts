import type { Random } from "../../../test/support/Random.ts"
import type { Room } from "./hostileText.ts"

/** A type that a column can have, and how to make values of it. */
export interface Kind {
  /** As `format_type` prints it with its modifier under `search_path = pg_catalog`; SQL reads it, too. */
  readonly type: string
  /** A text that the type's input function reads. */
  readonly draw: (dice: Random, room: Room) => string
  /** Whether a primary key can be made of it. */
  readonly isKey: boolean
  /** What stands between the elements of an array of it. */
  readonly delimiter?: string
}

export const kind = (type: string, draw: Kind["draw"], isKey = false): Kind => ({ type, draw, isKey })

/** One of a few texts, most of them at the edges of what the type can hold. */
export const oneOf = (type: string, texts: ReadonlyArray<string>, isKey = false): Kind =>
  kind(type, (dice) => dice.pick(texts), isKey)
