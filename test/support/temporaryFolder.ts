/** A folder for the temporary files of one test alone. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { vi } from "vitest"

/** TMPDIR is this folder until the scope closes; then it is removed. */
export const ownTemporaryFolder = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = await mkdtemp(join(tmpdir(), "afluente-test-"))
    vi.stubEnv("TMPDIR", folder)
    return folder
  }),
  (folder) =>
    Effect.promise(() => {
      vi.unstubAllEnvs()
      return rm(folder, { recursive: true })
    }),
)
