/** Shares one run of a check among all fibers that ask for it at once. */
import { Effect, Semaphore } from "effect"

/**
 * Returns an effect that runs `check`, one run at a time. A run that succeeds also answers all fibers that asked before it
 * began, but no fiber that asked later. A failure goes only to the fiber that ran the check: the next fiber runs it again.
 */
export const askedTogether = <A, E, R>(check: Effect.Effect<A, E, R>) =>
  Effect.map(Semaphore.make(1), (permits) => {
    let asked = 0
    /** The questions up to this number are answered. */
    let answered = 0
    return Effect.suspend(() => {
      const question = ++asked
      return permits.withPermit(
        Effect.suspend(() => {
          if (answered >= question) return Effect.void
          const begunAfter = asked
          return Effect.map(check, () => {
            answered = begunAfter
          })
        }),
      )
    })
  })
