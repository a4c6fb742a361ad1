/** Numbers drawn from a seed (mulberry32): the same seed draws the same. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
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
    return from[this.below(from.length)] as A // the index is inside
  }
}
