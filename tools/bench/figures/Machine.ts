/** On what a figure was measured: without it the figure means nothing. */
import { statfsSync } from "node:fs"
import { freemem, loadavg, tmpdir, totalmem } from "node:os"
import { machine } from "../../kit/Machine.ts"

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly postgres: string
  /** Of the last minute, when the bench began. A figure from a busy machine is worth little. */
  readonly loadAtStart: number
  readonly date: string
}

const gibibyte = 1024 ** 3

export const describeMachine = (postgres: string): Machine => ({
  cpu: machine.cpu,
  cores: machine.cores,
  memoryGiB: machine.memoryGiB,
  system: machine.system,
  node: machine.node,
  postgres,
  loadAtStart: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  date: new Date().toISOString(),
})

/** 3 GB, or a quarter of a smaller machine. */
export const sharedBuffersMB = (): number => Math.min(3072, Math.floor(totalmem() / 4 / 1024 ** 2))

const memoryFileSystem = "/dev/shm"

/** The file system in memory where it has room for `bytes` beside the server's own memory, else the system's temporary folder. */
export const placeFor = (bytes: number): string => {
  try {
    const { bavail, bsize } = statfsSync(memoryFileSystem)
    const needed = bytes + sharedBuffersMB() * 1024 ** 2 + gibibyte
    return Math.min(bavail * bsize, freemem()) > needed ? memoryFileSystem : tmpdir()
  } catch {
    return tmpdir()
  }
}
