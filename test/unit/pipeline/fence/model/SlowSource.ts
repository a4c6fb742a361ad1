/** A source that is sometimes read so slowly that an announcement grows too old while one batch is read. */
import { Effect, Stream } from "effect"
import type { SentLines } from "../../../../../layers/memory/postgres/MemorySessions.ts"
import type { Random } from "../../../../support/Random.ts"

/** In seconds: longer than an announcement is used for new batches (`announcementLifetime`). */
const pause = (random: Random) => random.between(61, 75)

/** How many lines come before a pause: the rows of one or two transactions. */
const linesBefore = (random: Random) => random.between(2, 8)

/** Returns what is between server and readers: most reads that are long enough pause once while `isSlow`. */
export const pausing =
  (random: Random, isSlow: () => boolean) =>
  (sent: SentLines): SentLines =>
    Stream.suspend(() => {
      if (!isSlow() || !random.is(0.8)) return sent
      let left = linesBefore(random)
      return sent.pipe(
        Stream.flatMap(Stream.fromIterable),
        Stream.mapEffect((line) => {
          const seconds = left-- === 0 ? pause(random) : 0
          return Effect.as(seconds > 0 ? Effect.sleep(seconds * 1000) : Effect.void, [line])
        }),
      )
    })
