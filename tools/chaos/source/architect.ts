/** Changes tables without a pause while writers write and processes are killed. What it does comes from the seed. */
import { setTimeout } from "node:timers/promises"
import type { Random } from "../../../test/support/Random.ts"
import {
  alterable,
  type ChangeKind,
  type Definition,
  definitionSql,
  definitions,
  type Now,
  nowSql,
} from "./definitions.ts"
import { Session } from "./Session.ts"

export interface Architect {
  /** Ends after the step in hand. */
  readonly stop: () => Promise<void>
}

export interface ArchitectOptions {
  readonly url: string
  readonly dice: Random
  readonly without: ReadonlyArray<ChangeKind>
  /** False until a writer knows all tables: one that meets none of a configured table ends with 2, as it should. */
  readonly hasBegun: () => boolean
  /** Counts a step that was done. */
  readonly did: (kind: ChangeKind) => void
  /** Copies what needs a copy. */
  readonly copy: () => Promise<void>
}

const weights: Readonly<Record<Definition | "full", number>> = {
  "add column": 3,
  "add default": 4,
  "add volatile": 1,
  "drop column": 4,
  "rename column": 4,
  "new leaf": 3,
  "new leaf in use": 4,
  "detach leaf": 1.5,
  "attach leaf": 3,
  "drop leaf": 2,
  "drop table": 1,
  "create table": 4,
  full: 2,
}

const lookAt = async (session: Session, table: string): Promise<Now> => {
  const { rows } = await (await session.open()).query<{
    added: ReadonlyArray<string>
    attached: ReadonlyArray<string>
    detached: ReadonlyArray<string>
    passagem: boolean
  }>(nowSql(table))
  const [row] = rows
  return {
    table,
    added: row?.added ?? [],
    attached: row?.attached ?? [],
    detached: row?.detached ?? [],
    hasPassagem: row?.passagem ?? false,
  }
}

export const startArchitect = ({ url, dice, without, hasBegun, did, copy }: ArchitectOptions): Architect => {
  const session = new Session(url, "SET lock_timeout = '1s'; SET search_path = chaos")
  const isOn = (kind: ChangeKind) => !without.includes(kind)
  const on = { ...weights }
  for (const kind of [...definitions, "full"] as const) if (!isOn(kind)) on[kind] = 0
  let isStopped = Object.values(on).every((weight) => weight === 0)

  const step = async () => {
    const kind = dice.weighted(on)
    if (kind === "full") {
      await copy()
      did(kind)
      return
    }
    const sql = definitionSql(kind, await lookAt(session, dice.pick(alterable)), dice)
    if (sql === undefined) return
    await (await session.open()).query(sql)
    did(kind)
  }
  const running = (async () => {
    while (!isStopped) {
      if (hasBegun()) await step().catch(() => session.rollback())
      await setTimeout(dice.between(20, 600))
    }
    session.forget()
  })()
  return {
    stop: () => {
      isStopped = true
      return running
    },
  }
}
