/** Which columns of the old row an UPDATE or DELETE writes to the WAL: `ALTER TABLE … REPLICA IDENTITY …`. */

export type ReplicaIdentity =
  /** The primary key, if the table has one. */
  | "default"
  /** The columns of an index; nothing after it was dropped. */
  | "index"
  /** The whole row. */
  | "full"
  | "nothing"

/** The facts of the catalog that decide it. */
export interface Identity {
  readonly replicaIdentity: ReplicaIdentity
  /** Empty if the table has none. */
  readonly primaryKey: ReadonlyArray<string>
  /** The index's columns, if the identity is one. */
  readonly replicaKey: ReadonlyArray<string>
}

/** Prints it as in `ALTER TABLE`. */
export const printIdentity = ({ replicaIdentity, replicaKey }: Identity): string =>
  replicaIdentity === "index" ? `USING INDEX (${replicaKey.join(", ")})` : replicaIdentity.toUpperCase()

/** Why the deletes of a table do not identify the row, and the remedy. */
export interface LackOfIdentity {
  readonly why: string
  readonly sql: string
  /** Another remedy, in words. */
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
