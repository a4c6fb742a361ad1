/**
 * Chance that can be repeated: the same seed throws the same numbers. Each part of the test forks dice of its own by
 * name, so that what one part throws does not move the others.
 */
export class Dice {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed
    this.#state = seed >>> 0
  }

  fork(name: string): Dice {
    let hash = 0x811c9dc5 ^ this.#seed
    for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    return new Dice(hash)
  }

  /** From 0 to below 1. Source: the generator known as mulberry32. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** Both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.#next() < probability
  }

  /** One of several, as often as its weight says. */
  pick<A extends string>(weights: Readonly<Record<A, number>>): A {
    // `Object.entries` forgets the keys' type.
    const entries = Object.entries<number>(weights) as Array<[A, number]>
    let left = this.#next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return this.one(entries.map(([name]) => name))
  }

  one<A>(all: ReadonlyArray<A>): A {
    const found = all[this.between(0, all.length - 1)]
    if (found === undefined) throw new Error("nothing to choose from")
    return found
  }
}
