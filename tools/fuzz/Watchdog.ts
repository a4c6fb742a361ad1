/** Ends the process when one input is read for ever: the thread that reads it can tell nothing any more. */
import { Worker } from "node:worker_threads"

/** Longer than the slowest input that is let pass, with three tries, on a busy machine. */
const patienceMillis = 60_000

const program = `
  const { workerData } = require("node:worker_threads")
  const { shared, what, patience } = workerData
  let last = -1
  setInterval(() => {
    const number = Atomics.load(shared, 0)
    if (number === last) {
      require("node:fs").writeSync(2, "input " + number + " of " + what + " is read for ever\\n")
      process.kill(process.pid, "SIGKILL")
    }
    last = number
  }, patience)
`

export const watch = (what: string) => {
  const shared = new Int32Array(new SharedArrayBuffer(4))
  const workerData = { shared, what, patience: patienceMillis }
  const worker = new Worker(program, { eval: true, workerData })
  worker.unref()
  return {
    begins: (number: number) => {
      Atomics.store(shared, 0, number)
    },
    stop: () => void worker.terminate(),
  }
}
