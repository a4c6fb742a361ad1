/** Where a long run stands: one line that is written over on a terminal, and a line now and then elsewhere. */

const lineEveryMillis = 30_000

/** As minutes and seconds: `1:05`. */
export const clock = (millis: number): string => {
  const seconds = Math.round(millis / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

export interface Progress {
  /** The run has gone on. */
  readonly moves: () => void
  /** A line of its own, for good. */
  readonly says: (what: string) => void
}

/** `line` says where the run stands at this moment. */
export const showProgress = (line: () => string): Progress => {
  let lastLine = performance.now()
  return {
    moves: () => {
      if (process.stdout.isTTY) return void process.stdout.write(`\r${line()}\x1b[K`)
      if (performance.now() - lastLine < lineEveryMillis) return
      lastLine = performance.now()
      console.log(line())
    },
    says: (what) => console.log(`${process.stdout.isTTY ? `\r${line()}\x1b[K\n` : ""}${what}`),
  }
}
