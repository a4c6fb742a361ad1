/** Reads a printed number (`-12.50`, `1e+20`) that may be cut anywhere, up to the first byte that cannot belong to it. */
import { dot, isDigit, letterE, minus, plus } from "../bytes/Ascii.ts"

type State = "start" | "sign" | "integer" | "point" | "fraction" | "e" | "exponent sign" | "exponent"

const afterDigit: Readonly<Record<State, State>> = {
  start: "integer",
  sign: "integer",
  integer: "integer",
  point: "fraction",
  fraction: "fraction",
  e: "exponent",
  "exponent sign": "exponent",
  exponent: "exponent",
}

export class NumberReader {
  #state: State = "start"

  /** True if a number can begin with this byte. Resets the reader. */
  begins(code: number): boolean {
    this.#state = "start"
    return isDigit(code) || code === minus
  }

  /** Returns the offset of the first byte that does not belong to the number, or the length of `part`. */
  read(part: Uint8Array, from: number): number {
    for (let at = from; at < part.length; at++) {
      const next = this.#after(part[at] ?? 0)
      if (next === undefined) return at
      this.#state = next
    }
    return part.length
  }

  /** True if the bytes so far are a complete number. */
  get isWhole(): boolean {
    return this.#state === "integer" || this.#state === "fraction" || this.#state === "exponent"
  }

  #after(code: number): State | undefined {
    const state = this.#state
    if (isDigit(code)) return afterDigit[state]
    if (code === minus) return state === "start" ? "sign" : state === "e" ? "exponent sign" : undefined
    if (code === plus) return state === "e" ? "exponent sign" : undefined
    if (code === dot) return state === "integer" ? "point" : undefined
    return code === letterE && (state === "integer" || state === "fraction") ? "e" : undefined
  }
}
