/**
 * Which old rows the WAL holds of a partitioned table. Each leaf has a replica identity of its own, which ALTER TABLE of the
 * root does not change, and new partitions do not inherit.
 */
import { lackOfIdentity, type ReplicaIdentity } from "../source/ReplicaIdentity.ts"
import { printTable, type TableName } from "../source/SourceTable.ts"
import { counted } from "../text/CountedNoun.ts"
import { sameNames } from "./SameNames.ts"

/** Of a leaf, or of the partitioned table as a whole. */
export interface LeafIdentity {
  readonly replicaIdentity: ReplicaIdentity
  readonly identifiesDeletes: boolean
  /** The key columns of an old tuple in the WAL; empty if it is the whole row (FULL) or missing. */
  readonly replicaKey: ReadonlyArray<string>
}

/**
 * Returns the identity that all leaves share. If they differ, `default`, and no key but the primary one: rows of a leaf that
 * does not log it cannot be identified by it. Without leaves that of leaves to come: `default`, by the primary key. Without a
 * primary key of the root two leaves may hold rows of the same key, so that only whole rows identify.
 */
export const sharedIdentity = (
  leaves: ReadonlyArray<LeafIdentity>,
  primaryKey: ReadonlyArray<string>,
): LeafIdentity => {
  const [first] = leaves
  if (first === undefined) {
    return {
      replicaIdentity: "default",
      identifiesDeletes: primaryKey.length > 0,
      replicaKey: primaryKey,
    }
  }
  const { replicaIdentity, replicaKey } = first
  const isShared = leaves.every((leaf) => leaf.replicaIdentity === replicaIdentity)
  const isSameKey = leaves.every((leaf) => sameNames(leaf.replicaKey, replicaKey))
  return {
    replicaIdentity: isShared ? replicaIdentity : "default",
    identifiesDeletes: leaves.every(
      (leaf) => leaf.identifiesDeletes && (primaryKey.length > 0 || leaf.replicaIdentity === "full"),
    ),
    replicaKey: isSameKey ? replicaKey : [],
  }
}

/** A table whose deletes do not identify the row. */
export interface UnidentifiedTable {
  readonly table: TableName
  readonly replicaIdentity: ReplicaIdentity
  readonly primaryKey: ReadonlyArray<string>
  /** Undefined if it is not partitioned. */
  readonly leaves?: ReadonlyArray<LeafIdentity & { readonly table: TableName }> | undefined
}

export interface LackInTable {
  readonly why: string
  /** One per table, or per leaf. */
  readonly statements: ReadonlyArray<string>
  /** Another remedy, in words. */
  readonly otherwise: string | undefined
}

/** Returns why the deletes of a table do not identify the row, and the remedy. */
export const lackInTable = (found: UnidentifiedTable): LackInTable => {
  const { table, leaves = [], primaryKey } = found
  if (leaves.length === 0) {
    const { why, sql, otherwise } = lackOfIdentity(printTable(table), found)
    return { why, statements: [sql], otherwise }
  }
  const otherwise = primaryKey.length > 0 ? undefined : "give it a primary key, which costs less WAL"
  const lacking = leaves.filter(({ identifiesDeletes }) => !identifiesDeletes)
  const remediesOf = (all: typeof leaves) =>
    all.map((leaf) => lackOfIdentity(printTable(leaf.table), { ...leaf, primaryKey }).sql)
  return lacking.length > 0
    ? {
        why: `${counted(lacking.length, "partition has", "partitions have")} no replica identity, which is each partition's own`,
        statements: remediesOf(lacking),
        otherwise,
      }
    : {
        why: "no primary key, so that rows of two partitions may have the same key",
        statements: remediesOf(leaves.filter(({ replicaIdentity }) => replicaIdentity !== "full")),
        otherwise,
      }
}

/** Statements in one sentence. */
const mostPrinted = 3

/** Prints the first statements in one sentence. */
export const printStatements = ({ statements }: LackInTable): string => {
  const more = statements.length - mostPrinted
  const rest = more > 0 ? ` And ${more} more, which \`node dist/main.js doctor\` prints.` : ""
  return `${statements.slice(0, mostPrinted).join(" ")}${rest}`
}
