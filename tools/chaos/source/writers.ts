/**
 * Sessions that write what real applications write: small and large transactions, changes of keys, large values that
 * stay as they are, savepoints, rollbacks, and transactions that stay open while others commit, so that rows reach the
 * log long before their COMMIT does. What is written comes from the seed; how the sessions interleave does not.
 */
import { setTimeout } from "node:timers/promises"
import type { Random } from "../../../test/support/Random.ts"
import { bystander, eventos, type Ledger, ledgers } from "./ledgers.ts"
import { Session } from "./Session.ts"

export interface Writers {
  readonly committed: () => number
  /** The others rest until it is called again with false: what waits is carried, and a bulk comes to its turn. */
  readonly rest: (isResting: boolean) => void
  /** The same, for as long as `cdc` lags far behind. */
  readonly throttle: (isThrottled: boolean) => void
  /** One transaction whose rows of one table make an object in several parts. */
  readonly bulk: () => Promise<void>
  /** Ends each after the transaction in hand. */
  readonly stop: () => Promise<void>
}

/** Keys of one writer in one table: few enough that updates find their rows. */
const keys = 1500

/** Rows of a bulk, each of some 8 KB: more than one part of 5 MiB, the smallest that S3 knows. */
const bulkRows = 800

class Writer {
  readonly #session: Session
  #mark: number
  committed = 0

  readonly #number: number
  readonly #dice: Random

  constructor(url: string, number: number, dice: Random) {
    this.#session = new Session(url, "SET lock_timeout = '1s'; SET search_path = chaos")
    this.#number = number
    this.#dice = dice
    this.#mark = number * 1_000_000_000
  }

  forget(): void {
    this.#session.forget()
  }

  #marks(count: number): number {
    const first = this.#mark
    this.#mark += count
    return first
  }

  /** One statement on one table; `rows` is how many it is meant to touch. */
  #statement({ name, large }: Ledger, rows: number): string {
    const [dice, a] = [this.#dice, this.#number]
    const from = dice.between(0, keys)
    const to = from + rows - 1
    const mark = `${this.#marks(keys + rows)} + b`
    const note = dice.pick([
      `'vírgula, "aspas" e ''plica'' ' || b`,
      "E'linha\\noutra\\r\\n' || b",
      "''",
      "NULL",
      "'nota ' || b",
      "'unchanged-toast-datum'",
    ])
    const big = large ? `repeat(md5(${dice.between(1, 1e6)} || '-' || b), ${dice.between(80, 250)})` : "NULL"
    switch (dice.weighted({ insert: 45, update: 25, updateBig: large ? 8 : 0, move: 10, delete: 15 })) {
      case "insert":
        return `INSERT INTO ${name} (a, b, mark, note, big, flag, at)
          SELECT ${a}, b, ${mark}, ${note}, ${big}, b % 3 = 0, clock_timestamp() FROM generate_series(${from}, ${to}) AS b
          ON CONFLICT (a, b) DO UPDATE SET mark = excluded.mark, note = excluded.note`
      case "update":
        return `UPDATE ${name} SET mark = ${mark}, note = ${note}, flag = NOT flag WHERE a = ${a} AND b BETWEEN ${from} AND ${to}`
      case "updateBig":
        return `UPDATE ${name} SET mark = ${mark}, big = ${big} WHERE a = ${a} AND b BETWEEN ${from} AND ${to}`
      case "move":
        // Upwards from the highest key on, one row: no key is taken twice.
        return `UPDATE ${name} SET mark = ${mark}, b = (SELECT max(b) + 1 FROM ${name} WHERE a = ${a})
          WHERE a = ${a} AND b = (SELECT min(b) FROM ${name} WHERE a = ${a} AND b >= ${from})`
      case "delete":
        return `DELETE FROM ${name} WHERE a = ${a} AND b BETWEEN ${from} AND ${to + rows}`
    }
  }

  #rare(): string {
    const [leaf] = eventos.leaves
    switch (this.#dice.weighted({ truncate: 5, truncateLeaf: 3, truncateAll: 1 })) {
      case "truncate":
        return `TRUNCATE ${ledgers.flatMap(({ name, truncated }) => (truncated ? [name] : [])).join(", ")}`
      case "truncateLeaf":
        return `TRUNCATE ${leaf}`
      case "truncateAll":
        return `TRUNCATE ${[...ledgers.flatMap(({ name, stays }) => (stays ? [name] : [])), bystander].join(", ")}`
    }
  }

  async transaction(): Promise<void> {
    const dice = this.#dice
    const kind = dice.weighted({ small: 60, middle: 20, large: 1, long: 6, message: 6, other: 6, rare: 1 })
    const client = await this.#session.open()
    const run = (sql: string) => client.query(sql)
    const rows = () =>
      kind === "large"
        ? dice.between(300, 1200)
        : kind === "middle"
          ? dice.between(5, 60)
          : dice.between(1, 4)
    const write = () => run(this.#statement(dice.pick(ledgers), rows()))

    await run("BEGIN")
    if (dice.is(0.25)) await run("SET LOCAL synchronous_commit = off")
    if (kind === "rare") await run(this.#rare())
    if (kind === "other" || dice.is(0.1))
      await run(`INSERT INTO ${bystander} SELECT generate_series(1, ${rows()})`)
    if (kind === "message") await run(`SELECT pg_logical_emit_message(${dice.is(0.5)}, 'chaos', 'x')`)
    for (let left = dice.between(1, kind === "large" ? 1 : 4); left > 0; left--) {
      await write()
      if (kind === "long") await setTimeout(dice.between(100, 700))
      if (dice.is(0.1)) {
        await run("SAVEPOINT s")
        await write()
        await run(dice.is(0.5) ? "ROLLBACK TO s" : "RELEASE s")
      }
    }
    await run(dice.is(0.06) ? "ROLLBACK" : "COMMIT")
    this.committed++
  }

  async bulk(): Promise<void> {
    const { name } = this.#dice.pick(ledgers.filter(({ large }) => large))
    const mark = `${this.#marks(bulkRows)} + b`
    const sql = `INSERT INTO ${name} (a, b, mark, note, big, flag, at)
      SELECT ${this.#number}, b, ${mark}, 'bulk', repeat(md5(${this.#dice.between(1, 1e6)} || '-' || b), 250), true, clock_timestamp()
        FROM generate_series(1, ${bulkRows}) AS b
      ON CONFLICT (a, b) DO UPDATE SET mark = excluded.mark, big = excluded.big`
    const write = async () => {
      await (await this.#session.open()).query(sql)
      this.committed++
    }
    await write().catch(() => this.#session.rollback())
  }

  async run(isStopped: () => boolean, isResting: () => boolean): Promise<void> {
    while (!isStopped()) {
      if (isResting()) {
        await setTimeout(20)
        continue
      }
      // A server that was stopped, a lock that was not to be had: the next transaction begins anew.
      await this.transaction().catch(() => this.#session.rollback())
      await setTimeout(this.#dice.between(5, 120))
    }
    this.forget()
  }
}

export const startWriters = (url: string, count: number, dice: Random): Writers => {
  let stopped = false
  let resting = false
  let throttled = false
  const writers = Array.from({ length: count }, (_, i) => new Writer(url, i + 1, dice.fork(`writer ${i}`)))
  const bulkWriter = new Writer(url, count + 1, dice.fork("bulk"))
  const running = Promise.all(
    writers.map((writer) =>
      writer.run(
        () => stopped,
        () => resting || throttled,
      ),
    ),
  )
  return {
    committed: () => [...writers, bulkWriter].reduce((sum, writer) => sum + writer.committed, 0),
    bulk: () => bulkWriter.bulk(),
    rest: (isResting) => {
      resting = isResting
    },
    throttle: (isThrottled) => {
      throttled = isThrottled
    },
    stop: async () => {
      stopped = true
      await running
      bulkWriter.forget()
    },
  }
}
