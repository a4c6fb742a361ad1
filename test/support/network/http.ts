/** What a server on a port of this machine answers. */
import { Effect } from "effect"

export interface Answer {
  readonly status: number
  readonly text: string
}

/** Status 0 where nobody answers. */
export const get = (port: number, path: string): Effect.Effect<Answer> =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      () => ({ status: 0, text: "" }),
    ),
  )

/** The samples of a Prometheus text, by name and labels as they stand there. */
export const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const end = line.lastIndexOf(" ")
        return [line.slice(0, end), Number(line.slice(end + 1))]
      }),
  )
