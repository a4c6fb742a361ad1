/** What the WAL holds of the old row when one is updated or deleted: `ALTER TABLE … REPLICA IDENTITY …`. */

export type ReplicaIdentity =
  /** The primary key, where the table has one. */
  | "default"
  /** The columns of an index; nothing when that is dropped. */
  | "index"
  /** The whole row. */
  | "full"
  | "nothing"

/** What of a table's catalog entry decides it. */
export interface Identity {
  readonly replicaIdentity: ReplicaIdentity
  /** Empty where the table has none. */
  readonly primaryKey: ReadonlyArray<string>
  /** Of its index, where it is one. */
  readonly replicaKey: ReadonlyArray<string>
}

/** As in `ALTER TABLE`. */
export const printIdentity = ({ replicaIdentity, replicaKey }: Identity): string =>
  replicaIdentity === "index" ? `USING INDEX (${replicaKey.join(", ")})` : replicaIdentity.toUpperCase()

/** Why the deletes of a table do not say which row, and what mends it. */
export interface LackOfIdentity {
  readonly why: string
  readonly sql: string
  /** In words. */
  readonly otherwise: string | undefined
}

/** `name` is quoted as in SQL. */
export const lackOfIdentity = (
  name: string,
  { replicaIdentity, primaryKey }: Omit<Identity, "replicaKey">,
): LackOfIdentity => {
  const dropped = "the index of its replica identity was dropped"
  if (primaryKey.length > 0) {
    return {
      why: replicaIdentity === "index" ? dropped : "REPLICA IDENTITY NOTHING",
      sql: `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT;`,
      otherwise: undefined,
    }
  }
  return {
    why:
      replicaIdentity === "index"
        ? `no primary key, and ${dropped}`
        : "no primary key and no replica identity",
    sql: `ALTER TABLE ${name} REPLICA IDENTITY FULL;`,
    otherwise: "give it a primary key, which costs less WAL",
  }
}
