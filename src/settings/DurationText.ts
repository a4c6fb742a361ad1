/** Durations as people write them: `200 millis`, `2 seconds`, `1 minute`, `500ms`, `2s`. */
import { Duration, Result } from "effect"

const units: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(ms|millis?|milliseconds?)$/, 1],
  [/^(s|secs?|seconds?)$/, 1000],
  [/^(m|mins?|minutes?)$/, 60_000],
  [/^(h|hours?)$/, 3_600_000],
]

export const parseDuration = (text: string): Result.Result<Duration.Duration, string> => {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/.exec(text)
  const unit = units.find(([name]) => name.test(parts?.[2] ?? ""))
  if (parts === null || unit === undefined) {
    return Result.fail("a number with a unit is expected, such as 200 millis, 2s or 1 minute")
  }
  const millis = Number(parts[1]) * unit[1]
  return millis > 0 ? Result.succeed(Duration.millis(millis)) : Result.fail("it must be more than nothing")
}
