/** The program past all proxies, run to its end: commands that must succeed, and copies beside what goes on. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Settings } from "../lake/Lake.ts"

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CalmProgram {
  /** Its failure is one of the run. */
  readonly must: (...args: ReadonlyArray<string>) => Promise<void>
  /** `dataset: state (reason)` of those that `status` does not call followed. */
  readonly needing: () => Promise<ReadonlyArray<string>>
  /** A copy of those while everything goes on; the exit code, or that none needed one. It may fail: the server may be down. */
  readonly copyWhatNeedsOne: () => Promise<string>
  /** When all is quiet: a copy of what needs one, after which `verify` must find no difference. */
  readonly heal: () => Promise<void>
}

const run = (program: string, settings: Settings, args: ReadonlyArray<string>): Promise<Ended> => {
  const env = { PATH: process.env["PATH"] ?? "", ...settings }
  return promisify(execFile)(process.execPath, [program, ...args], {
    env,
    timeout: 300_000,
    maxBuffer: 64 * 1024 * 1024,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (cause: { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string }) => ({
      code: typeof cause.code === "number" ? cause.code : -1,
      stdout: cause.stdout ?? "",
      stderr: cause.stderr ?? "",
    }),
  )
}

/** What `status --json` says of a dataset. */
interface DatasetStatus {
  readonly dataset: string
  readonly state: string | null
  readonly reason: string | null
}

export const calmProgram = (
  program: string,
  failures: Array<string>,
  settings: () => Settings,
): CalmProgram => {
  const must = async (...args: ReadonlyArray<string>) => {
    const { code, stdout, stderr } = await run(program, settings(), args)
    if (code !== 0) failures.push(`${args.join(" ")} ended with ${code}\n${stdout}${stderr}`)
  }
  const open = async (): Promise<ReadonlyArray<DatasetStatus>> => {
    const { stdout } = await run(program, settings(), ["status", "--json"])
    try {
      // The format of `status --json`.
      const { datasets } = JSON.parse(stdout) as { readonly datasets: ReadonlyArray<DatasetStatus> }
      return datasets.filter(({ state }) => state !== "followed" && state !== "left")
    } catch {
      return []
    }
  }
  /** `full` of these alone: of a list that has no others. */
  const copy = (some: ReadonlyArray<DatasetStatus>) =>
    run(program, { ...settings(), SOURCE_TABLES: some.map(({ dataset }) => `chaos.${dataset}`).join(",") }, [
      "full",
    ])
  return {
    must,
    needing: async () =>
      (await open()).map(({ dataset, state, reason }) => `${dataset}: ${state} (${reason})`),
    copyWhatNeedsOne: async () => {
      const some = (await open()).filter(({ state }) => state !== "dropped")
      return some.length === 0 ? "none needed" : String((await copy(some)).code)
    },
    heal: async () => {
      const some = await open()
      if (some.length > 0) {
        const { code, stderr } = await copy(some)
        if (code !== 0) failures.push(`full ended with ${code}\n${stderr}`)
      }
      await must("cdc", "--once")
      await must("verify")
    },
  }
}
