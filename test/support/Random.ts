/**
 * Numbers drawn from a seed (mulberry32): the same seed draws the same. Each part of a long run forks its own by name, so
 * that what one part draws does not move the others.
 */
export class Random {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed
    this.#state = seed | 0
  }

  fork(name: string): Random {
    let hash = 0x811c9dc5 ^ this.#seed
    for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    return new Random(hash)
  }

  /** From 0 to before 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to before `count`, which is at least 1. */
  below(count: number): number {
    return Math.floor(this.#next() * count)
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True as often as `probability` says. */
  is(probability: number): boolean {
    return this.#next() < probability
  }

  /** True once in so many times. */
  once(inSoMany: number): boolean {
    return this.below(inSoMany) === 0
  }

  /** `from` holds at least one. */
  pick<A>(from: ReadonlyArray<A>): A {
    if (from.length === 0) throw new Error("nothing to pick from")
    return from[this.below(from.length)] as A // the index is inside
  }

  /** One of several names, as often as its weight says. */
  weighted<A extends string>(weights: Readonly<Record<A, number>>): A {
    // `Object.entries` forgets the keys' type.
    const entries = Object.entries<number>(weights) as Array<[A, number]>
    let left = this.#next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return this.pick(entries.map(([name]) => name))
  }
}
