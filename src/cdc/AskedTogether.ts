/** One answer for all that ask at once. */
import { Effect, Semaphore } from "effect"

/**
 * Runs `look` for whoever asks, one at a time. An answer is also that of all others who had asked before its look began;
 * it never comes from a look that began before the question. A failure is only that of who ran the look: the next one looks
 * again.
 */
export const askedTogether = <A, E, R>(look: Effect.Effect<A, E, R>) =>
  Effect.map(Semaphore.make(1), (turn) => {
    let asked = 0
    /** The look for these questions has succeeded. */
    let answered = 0
    return Effect.suspend(() => {
      const question = ++asked
      return turn.withPermit(
        Effect.suspend(() => {
          if (answered >= question) return Effect.void
          const begunAfter = asked
          return Effect.map(look, () => {
            answered = begunAfter
          })
        }),
      )
    })
  })
