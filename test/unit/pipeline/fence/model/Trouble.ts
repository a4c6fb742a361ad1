/** What happens to the processes of a history, and what is written meanwhile. */
import type { Operation, Work } from "../../../../support/memory/faultScripts.ts"
import type { Random } from "../../../../support/Random.ts"

/** What happens within one second. */
export interface Blow {
  readonly killed: boolean
  readonly sessionsEnd: boolean
  readonly serverCrashes: boolean
}
export type Trouble = (second: number) => Blow

export const workOf = (random: Random): Work => {
  const operation = (): Operation => ({
    table: random.pick(["clientes", "pedidos"]),
    kind: random.pick(["put", "put", "update", "delete", "truncate"]),
    key: random.pick([1, 2, 3, 4]),
    value: random.pick(["a", "NULL", "long"]),
  })
  return {
    kind: random.pick(["plain", "plain", "crossed", "new column"]),
    operations: Array.from({ length: 1 + random.below(4) }, operation),
  }
}

/** Any second may be the last one of a process or a session. */
export const incessant =
  (random: Random): Trouble =>
  () => ({ sessionsEnd: random.is(0.08), serverCrashes: random.is(0.02), killed: random.is(0.08) })

/** `gap`: seconds until the next blow. */
const blowsAfter = (random: Random, gap: () => number): Trouble => {
  let next = gap()
  return (second) => {
    if (second < next) return { killed: false, sessionsEnd: false, serverCrashes: false }
    next = second + gap()
    const what = random.below(10)
    return { killed: what < 6, sessionsEnd: what >= 5 && what < 9, serverCrashes: what === 9 }
  }
}

/** Most blows are so far apart that a writer which waits for a minute writes again; some come soon after another. */
export const spaced = (random: Random): Trouble =>
  blowsAfter(random, () => (random.is(0.4) ? 1 + random.below(15) : 20 + random.below(90)))

/** Blows are so far apart that a batch which is read for more than a minute is often written. */
export const distant = (random: Random): Trouble => blowsAfter(random, () => random.between(100, 300))
