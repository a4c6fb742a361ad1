/** What a round of tables draws from. Each kind is counted, and can be turned off. */

/** Which reasons for a new copy each kind may bring about: any other reason in `status` is a difference. */
export const kinds = {
  rows: [],
  move: [],
  "long transaction": [],
  "truncate table": ["rewritten"],
  "truncate leaf": ["rewritten"],
  "vacuum full": ["rewritten"],
  "add column": [],
  "add default": [],
  "add volatile": ["rewritten"],
  "drop column": [],
  "rename column": [],
  "change type": ["rewritten"],
  "column again": [],
  identity: [],
  "new leaf": [],
  "new leaf in use": [],
  "leaf of other order": [],
  "attach older": ["attached", "detached"],
  "detach leaf": ["attached", "detached"],
  "drop leaf": ["attached", "detached"],
  "rename leaf": ["attached", "detached"],
  "passing leaf": ["attached", "detached", "unknown relation"],
  // Behind a pattern a dropped table leaves, and comes again.
  "drop table": ["replaced", "new", "again"],
  "create table": ["replaced", "new", "again"],
  "table list": ["new", "again", "replaced"],
  "table list by SIGHUP": ["new", "again", "replaced"],
  masks: ["masked"],
  "masks by SIGHUP": ["masked"],
  restart: [],
  kill: [],
  full: [],
} satisfies Readonly<Record<string, ReadonlyArray<string>>>

export type Kind = keyof typeof kinds

// `Object.keys` forgets the keys' type.
export const kindNames = Object.keys(kinds) as ReadonlyArray<Kind>

const weights: Readonly<Record<Kind, number>> = {
  rows: 45,
  move: 8,
  "long transaction": 4,
  "truncate table": 1,
  "truncate leaf": 2,
  "vacuum full": 1,
  "add column": 3,
  "add default": 4,
  "add volatile": 1,
  "drop column": 3,
  "rename column": 4,
  "change type": 1,
  "column again": 1.5,
  identity: 2,
  "new leaf": 3,
  "new leaf in use": 3,
  "leaf of other order": 3,
  "attach older": 1,
  "detach leaf": 1,
  "drop leaf": 1,
  "rename leaf": 0.5,
  "passing leaf": 1,
  "drop table": 1,
  "create table": 4,
  "table list": 2,
  "table list by SIGHUP": 2,
  masks: 1.5,
  "masks by SIGHUP": 1.5,
  restart: 2,
  kill: 2,
  full: 6,
}

/** Those whose changes a reader follows without a new copy. */
const harmless = (kind: Kind): boolean => kinds[kind].length === 0

export interface Choice {
  readonly without: ReadonlyArray<Kind>
  /** Only kinds that ask for no new copy, and none that starts the program anew. */
  readonly harmless: boolean
}

export const weightsOf = ({ without, harmless: only }: Choice): Readonly<Record<Kind, number>> => {
  const isOn = (kind: Kind) =>
    !without.includes(kind) && (!only || (harmless(kind) && kind !== "restart" && kind !== "kill"))
  return {
    ...weights,
    ...Object.fromEntries(kindNames.filter((kind) => !isOn(kind)).map((kind) => [kind, 0])),
  }
}

/** What was done of each kind, and what the server refused. */
export class Counts {
  readonly #done = new Map<Kind, number>(kindNames.map((kind) => [kind, 0]))
  readonly #refused = new Map<Kind, number>()

  did(kind: Kind): void {
    this.#done.set(kind, (this.#done.get(kind) ?? 0) + 1)
  }
  refused(kind: Kind): void {
    this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + 1)
  }
  add(other: Counts): void {
    for (const [kind, count] of other.#done) this.#done.set(kind, (this.#done.get(kind) ?? 0) + count)
    for (const [kind, count] of other.#refused)
      this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + count)
  }
  /** A row for each kind, also for those that were never drawn. */
  get rows(): ReadonlyArray<readonly [string, string | number, number]> {
    return [...this.#done].map(([kind, count]) => [
      kind,
      count === 0 ? "none drawn" : count,
      this.#refused.get(kind) ?? 0,
    ])
  }
}
