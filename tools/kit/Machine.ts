/** On what something was measured: without it a figure means nothing. */
import { cpus, release, totalmem, type } from "node:os"

const gibibyte = 1024 ** 3

/** The machine that this process runs on. */
export const machine = {
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / gibibyte),
  system: `${process.platform} ${process.arch}`,
  release: `${type()} ${release().split(".", 2).join(".")}`,
  node: process.version,
}

/** As `2 x Intel Xeon, Linux 6.1, Node v20.19.0`. */
export const printedMachine = `${machine.cores} x ${machine.cpu}, ${machine.release}, Node ${machine.node}`
